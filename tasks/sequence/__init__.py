"""Sequences: what stays the same in one is kept apart from what moves.

The sequential autoencoder: config.py, model.py, prior.py, losses.py, augment.py, schemes.py, task.py, measure.py, figures.py

factor_codes.py    what is asked of a model that keeps both apart, and controls of it
interventions.py   what clips show when a part of their code is drawn anew, or is that of another clip
factor_metrics.py  which factors are in the content and which in the motion, in one call

linear.py       a sequence that is linear and Gaussian, so that its likelihood and its posterior are known exactly
factorised.py   posteriors of it that factorise: the best one, a trained one, and the evidence lower bound of any
"""
