"""Looks an installation over: what is configured, what lies here, and whether a listed picture is stopped."""
