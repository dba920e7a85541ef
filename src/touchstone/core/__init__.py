"""Words everyone shares. Imports nothing else of ours and does no input or output."""
