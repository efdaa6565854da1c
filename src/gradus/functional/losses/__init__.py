"""Losses: one number that says how far predictions are from targets."""
