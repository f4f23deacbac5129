"""The canary: a harmless drawn picture that every installation refuses, to test a chain of checks with.

It is known by the SHA-256 of the whole upload. Anybody may send this public file, so no case is opened, no
bytes are kept, and nothing counts it. `scripts/canary.py` drew it.
"""

from __future__ import annotations

from pathlib import Path

CANARY_SHA256 = bytes.fromhex("cd87caf21091e32880508d1b63891b9a204da072abb1f36988751eb599a3fd37")
# For doors that take no other hash.
CANARY_SHA1 = bytes.fromhex("0559ed89bfdba20d61f0a4991cf9d6a9d1af8fc1")
CANARY_MD5 = bytes.fromhex("042005d0909e4cd469fe3051fe58e20d")
CANARY_FILE = Path(__file__).with_name("canary.png")


def canary_png() -> bytes:
    """The bytes of the picture. Raises `OSError` where the installation lacks the file."""
    return CANARY_FILE.read_bytes()
