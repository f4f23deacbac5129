"""Scans of what a site has already: a walk, a plan in chunks, workers, a summary."""
