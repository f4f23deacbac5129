"""The log of signals that were seen, for rehearsals."""
