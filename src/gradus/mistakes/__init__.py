"""The mistakes that people make: what is noticed of them on the way, and the catalogue, with a program of each."""
