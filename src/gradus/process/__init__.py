"""The process among others: its children, and its parent."""
