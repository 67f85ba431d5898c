"""Measurement against the exact renderer, and figures."""
