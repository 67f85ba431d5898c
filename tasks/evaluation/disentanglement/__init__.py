"""Metrics of disentanglement, one metric or family a file; docs/metrics.md says what each number means.

measure.py         the metrics by name, `METRICS`, and all of them at once
representation.py  what every metric is a function of: codes and classes, checked
information.py     mutual information, MIG and modularity
sap.py             SAP
dci.py             disentanglement, completeness, informativeness, by forests, and disentanglement by lasso
probes.py          linear probes, and standardised codes
explicitness.py    explicitness
infomec.py         InfoM, InfoC, InfoE
shared_factor.py   beta-VAE score and FactorVAE score: objects that share a factor
exchange.py        DMM and DCM of ArSyD: what changes when one unit is exchanged
slots.py           a matrix for models whose latents are vectors
readout.py         one number for each vector
"""
