"""Machine code, threads, memory, and a call."""
