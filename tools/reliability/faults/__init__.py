"""Faults made on purpose: each is a small change of the source, and some test must fail for it."""
