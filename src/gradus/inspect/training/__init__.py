"""How learning goes: from which first weights, in which numbers, how well on what is new, and what is forgotten."""
