"""Stage 3: metrics as data, and their scores with everything a sceptic asks for."""
