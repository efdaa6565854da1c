"""Tables: named columns of numbers, dates and text, read from files, and made into what a model learns from."""
