"""Looking inside: what a network computes, how it learns, and what it has learned; all results are plain data."""

__all__: list[str] = []
