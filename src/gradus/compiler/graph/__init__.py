"""What a program is while it is made better: a graph, and what its nodes are to a compiler."""
