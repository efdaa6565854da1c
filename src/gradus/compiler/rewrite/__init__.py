"""A graph into a better graph that means the same."""
