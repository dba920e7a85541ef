"""Writers of the files that leave: each takes a path, a schema and batches of rows, and writes one complete file."""
