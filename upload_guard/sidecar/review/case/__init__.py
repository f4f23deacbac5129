"""The page of one case: why it was held, and what can be done about it."""
