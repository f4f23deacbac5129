"""Checks by customers who may not, or will not, tell which hashes they ask about."""
