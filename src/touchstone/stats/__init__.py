"""Numbers in, frozen results out: numpy and scipy only, no tables, no input or output."""
