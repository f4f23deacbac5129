"""Check services that are asked about each upload while it is checked here."""
