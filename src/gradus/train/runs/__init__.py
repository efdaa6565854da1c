"""The folder of a run: what a training leaves behind, and what it goes on from."""
