"""What was checked and what came of it, counted in rows: how good the lists are, and how quick the people."""
