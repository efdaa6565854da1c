"""What is larger and what is smaller: sorting, ranks, searching, counting."""
