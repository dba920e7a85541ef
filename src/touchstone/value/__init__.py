"""Stage 5: what customers are worth, observed and forecast, by how they score."""
