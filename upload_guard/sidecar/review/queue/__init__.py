"""The queue of what waits for a person, and decisions on many cases at once."""
