"""The catalogue of mistakes, run: what each wrong program is told, that the right one is told nothing, and the page."""
