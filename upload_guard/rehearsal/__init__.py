"""What a list version would have held, had it acted: the number that somebody wants before it may."""
