"""Lists that are fetched: page after page into a staging file, then as a version through the gate."""
