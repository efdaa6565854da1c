"""Running a function on symbols: the graph that comes of it, and what its arguments and results are."""
