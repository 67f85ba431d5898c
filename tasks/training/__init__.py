"""The loop, its progress, and the folder that a run writes."""
