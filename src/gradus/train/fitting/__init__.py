"""A model put to work on data: the steps, the epochs, and what happens besides."""
