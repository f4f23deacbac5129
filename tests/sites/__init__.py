"""Applications behind the guard, for tests."""
