"""The keeper: refused bytes in a vault, and a case for each."""
