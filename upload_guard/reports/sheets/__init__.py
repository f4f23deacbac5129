"""Reports for a person: one order of things, as text, HTML and PDF, in English and Dutch."""
