"""Tensors among other libraries' arrays: NumPy's functions of tensors, and memory that is shared by DLPack."""
