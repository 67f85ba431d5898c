"""Observation to latent: torch modules, one architecture a file."""
