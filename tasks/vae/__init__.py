"""The VAE family: pictures as codes of a few numbers, without labels.

config.py, model.py, losses.py, task.py, figures.py
"""
