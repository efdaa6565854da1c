"""From files to a model's inputs, and from its outputs to answers; what is learned of the training data is kept."""
