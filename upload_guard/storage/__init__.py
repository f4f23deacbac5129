"""Rows: the database, its tables and their migrations."""
