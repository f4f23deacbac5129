"""Notices that come by mail: how a message becomes an `Incoming`, and where messages come from."""
