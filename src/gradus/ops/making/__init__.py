"""Tensors made from nothing: constants, ranges, random bits."""
