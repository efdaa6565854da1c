"""Reading within bounds: what a file holds decides neither how much memory is taken nor which error is raised."""
