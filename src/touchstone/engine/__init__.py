"""The only room that knows Ibis, SQL and the engines: tables in, a few rows of sums out."""
