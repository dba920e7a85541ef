"""Stage 4: why a score is what it is."""
