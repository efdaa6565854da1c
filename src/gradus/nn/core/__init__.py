"""What layers are made with: modules, what holds several, initial values, the table of a model."""
