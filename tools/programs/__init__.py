"""The programs of `examples/programs/`: run in full, their figures and times written into docs/examples.md."""
