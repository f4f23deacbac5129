"""Repeats of one picture: which cases hold it."""
