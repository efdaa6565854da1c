"""What other frameworks call otherwise: names, and options of functions."""
