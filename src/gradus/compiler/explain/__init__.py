"""Looking at a program: what it does and costs. Why a function is refused is said in `surroundings` and `trace`."""
