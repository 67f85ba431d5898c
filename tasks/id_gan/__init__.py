"""ID-GAN: sharp pictures from the codes of a VAE that was trained before.

config.py, model.py, task.py
"""
