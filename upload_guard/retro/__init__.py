"""Uploads that passed, held against every list version that came later."""
