"""Pictures of other sizes, and read at other places."""
