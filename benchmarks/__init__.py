"""How fast gradus trains, beside what else one would use; `python -m benchmarks` from the checkout.

`workloads` says what is done, `contestants` who does it and in which environment, `with_*` how each of them does it.
Every contestant works in a process of its own (`worker`), which sleeps unless it is its turn.
"""
