"""Requests only: from a WSGI environ to uploads and the body that the application will read."""
