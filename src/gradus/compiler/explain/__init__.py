"""Looking at a program."""
