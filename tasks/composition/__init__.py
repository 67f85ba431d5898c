"""CompositionNet: two pictures and the name of a factor say what a third picture looks like, and the net draws all three.

config.py, operators.py, model.py, task.py, figures.py
"""
