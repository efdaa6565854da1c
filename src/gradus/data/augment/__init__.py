"""Pictures changed at random, batch by batch, so that a model learns from more of them: flips, crops, colours.

The names are those of torchvision.transforms.v2, and are found in `gradus.data`. Each change is a Module: in training
it acts, after `eval()` it does not; it draws from `gradus.random`, and is compiled into the step.
"""
