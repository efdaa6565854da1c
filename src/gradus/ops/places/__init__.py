"""Elements by their places."""
