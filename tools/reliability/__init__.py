"""What gradus promises, tried again and again: `python -m tools.reliability` writes docs/reliability.md."""
