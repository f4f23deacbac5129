"""Golden files: a paper, byte by byte, as a person has read it once. `UPDATE_GOLDENS=1` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def golden(name: str, content: bytes) -> bytes:
    """What the file holds."""
    file = FOLDER / name
    if os.environ.get("UPDATE_GOLDENS"):
        file.write_bytes(content)
    return file.read_bytes()
