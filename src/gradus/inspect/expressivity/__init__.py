"""What function a network is: how its layers bend space, how near it comes to a curve, its straight pieces."""
