"""Gradients: the graph of an expression and the walk back along it, checks by differences, sizes by layer."""
