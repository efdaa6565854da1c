"""The kernels, each a family of loops."""
