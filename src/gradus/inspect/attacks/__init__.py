"""Small changes of a picture that change what a classifier sees in it."""
