"""Metrics of disentanglement, one metric or family a file; docs/metrics.md says what each number means.

measure.py      all scalar metrics at once
tables.py       tables of codes and classes: what is accepted, bins, mutual information
gaps.py         MIG and modularity
sap.py          SAP
dci.py          disentanglement, completeness, informativeness
probes.py       explicitness, and the linear probes behind it
infomec.py      InfoM, InfoC, InfoE
fixed.py        beta-VAE score and FactorVAE score: objects that share a factor
exchange.py     DMM and DCM of ArSyD: what changes when one unit is exchanged
slots.py        a matrix for models whose latents are vectors, and one number for each vector
"""
