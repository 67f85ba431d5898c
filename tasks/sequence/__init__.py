"""Sequences: what stays the same in one is kept apart from what moves.

The sequential autoencoder: config.py, model.py, prior.py, losses.py, augment.py, schemes.py, task.py, measure.py, figures.py

measurable.py           the interfaces of a model that can be measured, and of a judge of clips
exact.py                the exact judge: the nearest composition of layers
learnt_judge.py         the learnt judge: a classifier of every factor
protocol.py             what clips show that are decoded of codes kept, swapped or drawn; distributions.py what judges' doubts say
factor_metrics.py       which factors are in the content and which in the motion, with interventions.py and factor_codes.py
control_models.py       models that learnt nothing, to measure beside one that did

linear.py, factorised.py   a sequence whose likelihood is known exactly, and posteriors of it that factorise
"""
