"""A look at a training before it begins: what is surely a mistake is refused, what probably is, warned of."""
