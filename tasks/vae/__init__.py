"""The VAE family: pictures as codes of a few numbers, without labels.

config.py, model.py, losses.py, wasserstein.py, cascade.py, lie_group.py, objectives.py, task.py, figures.py
"""
