"""Fetching what an address shows from outside: only where an administrator allows it, and nothing private.

The name is looked up once, every address that it has must be a public one, and the connection goes to the one
that was looked at: a name that answers differently the second time (DNS rebinding) changes nothing. Of a
redirect the same is asked again.
"""

from __future__ import annotations


def is_outside(locator: str) -> bool:
    """Whether a locator is a web address: then its file is not ours to take away."""
    return locator.startswith(("http://", "https://"))
