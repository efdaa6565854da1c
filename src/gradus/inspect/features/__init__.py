"""What a network's layers have learned, and where in a picture they find it."""
