"""Sequences: what stays the same in one is kept apart from what moves.

linear.py          a sequence that is linear and Gaussian, so that its likelihood and its posterior are known exactly
factorised.py      posteriors of it that factorise: the best one, a trained one, and the evidence lower bound of any
factor_codes.py    codes in two parts, content and motion: mixed, drawn; and controls that have learnt nothing
interventions.py   what a judge sees when parts of codes are exchanged, as in the MSD benchmark
factor_metrics.py  which factors are in which part of the codes, and all of that at once
"""
