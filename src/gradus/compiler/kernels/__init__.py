"""The kernels of loops and of products, one family a file."""
