"""Sequences: what stays the same in one is kept apart from what moves.

linear.py       a sequence that is linear and Gaussian, so that its likelihood and its posterior are known exactly
factorised.py   posteriors of it that factorise: the best one, a trained one, and the evidence lower bound of any
exact.py, learnt_judge.py   who judges clips: the nearest composition of layers, and a trained classifier
measurable.py   the interfaces of a model and of a judge; control_models.py has models to measure beside one
protocol.py     what is measured of a model; distributions.py what is measured of the distributions that a judge gives
"""
