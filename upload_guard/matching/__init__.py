"""Signals against the active entries. Knows records only: where entries come from is for `lists`."""
