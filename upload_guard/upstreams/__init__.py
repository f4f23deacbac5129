"""Other services that are asked: one module a system, each behind a Protocol of a room below."""
