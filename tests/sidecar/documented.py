"""Examples of our pages, run as a reader would: by curl in a shell, with what the page has prepared."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Shell:
    folder: Path
    environment: dict[str, str]

    def run(self, command: str) -> str:
        """What it prints; a command that fails is an error."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout


def alike(answer: Any, drawn: Collection[str]) -> Any:
    """An answer without what is another one each time: the values of the names in `drawn`."""
    if isinstance(answer, list):
        return [alike(one, drawn) for one in answer]
    if isinstance(answer, dict):
        return {
            name: "drawn" if name in drawn and value else alike(value, drawn)
            for name, value in answer.items()
        }
    return answer
