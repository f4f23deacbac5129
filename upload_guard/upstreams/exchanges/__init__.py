"""Exchanges that speak a protocol of their own: one module a system."""
