"""The symbolic model of a clip: one vector, the sum of role-bound features of what stays and of what moves.

config.py    its settings
measure.py   reading, edits by algebra and their controls, against the exact clips
framed.py    the second form: clips made of frames, each bound with a power of a time vector
measure_framed.py   the same of these
figures.py   clips edited by algebra, frame by frame
task.py      the tasks
"""
