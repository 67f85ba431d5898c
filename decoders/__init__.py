"""Vector to observation: torch modules, one architecture a file."""
