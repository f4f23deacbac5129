"""Doors in the shapes of other hash check services, so that their clients work unchanged."""
