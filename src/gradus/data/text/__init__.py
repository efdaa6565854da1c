"""Texts: read from files, cut into tokens, turned into numbers and back, and cut into samples."""
