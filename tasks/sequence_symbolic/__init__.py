"""The symbolic model of a clip: one vector, the sum of role-bound features of what stays and of what moves.

config.py    its settings
measure.py   reading, edits by algebra and their controls, against the exact clips
figures.py   a clip edited by algebra, frame by frame
task.py      the task
"""
