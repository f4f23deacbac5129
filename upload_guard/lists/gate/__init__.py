"""The gate before a version acts, and what it puts aside."""
