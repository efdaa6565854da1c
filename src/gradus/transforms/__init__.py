"""Functions of functions: gradients of one's own, derivatives whole, and one example's function for a batch of them."""
