"""How to start a process of our own beside this one: decoders and builders run the same code."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def interpreter() -> str:
    """The interpreter; a server that embeds Python (uWSGI) names itself as `sys.executable`."""
    if Path(sys.executable).name.startswith(("python", "pypy")):
        return sys.executable
    return str(Path(sys.prefix) / "bin" / "python3")


def search_path() -> str:
    """PYTHONPATH for such a process, to be started with -P.

    -P keeps the working directory out; an empty entry is how the server itself has let it in.
    """
    return os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
