"""Which kernels there are and in which order, where everything lies, and who does what."""
