"""Reports going out: drafted from cases that a person confirmed, approved, sent, and never sent twice."""
