"""The factors, the renderer, and the sampling of latents."""
