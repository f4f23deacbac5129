"""What people decide of cases and entries, and what follows when lists change."""
