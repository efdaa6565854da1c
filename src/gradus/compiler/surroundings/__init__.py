"""What a compiled function depends on besides its arguments: found while it is traced, compared at each call."""
