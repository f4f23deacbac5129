"""The audit log: who did what, in a chain of rows that cannot be altered or cut without notice."""
