"""`python -m gradus`: the same as the command `gradus`."""

from .cli import main

main()
