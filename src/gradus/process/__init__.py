"""The process among others: its children, its parent, and those that come after it."""
