"""Sequences: what stays the same in one is kept apart from what moves.

The sequential autoencoder: config.py, model.py, prior.py, losses.py, augment.py, schemes.py, task.py, measure.py, figures.py

linear.py       a sequence that is linear and Gaussian, so that its likelihood and its posterior are known exactly
factorised.py   posteriors of it that factorise: the best one, a trained one, and the evidence lower bound of any
"""
