"""What every primitive is made of: what one is, how it is applied, and what a compiler needs to know of it."""
