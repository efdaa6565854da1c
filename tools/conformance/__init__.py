"""How far gradus does what PyTorch does: the sample inputs of PyTorch's own operator tests, through both."""
