"""Symbolic disentangled representations: pictures are vectors that algebra composes, edits and reads.

config.py    the settings of the three stages
model.py     features bound with roles make an object, objects bound with slots a scene, a decoder draws it
losses.py    what training makes small
task.py      the task of which the stages are instances
stages.py    the stages: one object, scenes of several, scenes one of whose objects is edited
figures.py   what is drawn of a model; page.py, what a saved one says of itself
"""
