"""The folder in which all processes of a server count. Imports nothing that counts: it would look for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# By this prometheus-client knows, when it is first imported, that processes share their counts.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share_counts(folder: Path) -> None:
    """Have this process, and those forked from it, count into `folder`, beginning at nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ[VARIABLE] = str(folder)
