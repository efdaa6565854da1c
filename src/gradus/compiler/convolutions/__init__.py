"""Convolution and its gradients: one kernel a file."""
