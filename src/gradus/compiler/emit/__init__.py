"""LLVM's text for the inside of a loop."""
