"""The loss over the space of parameters, and the paths that optimizers take there."""
