"""Opinions as JSON Lines beside the folder that a list comes from, for another installation to import.

One line an entry, the newest opinion of each; what was withdrawn is out of it again. Whoever imports the file
as a list takes entries that were confirmed, and leaves out those that speak against one (`lists.formats`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upload_guard.errors import UpstreamGarbled, UpstreamUnreachable
from upload_guard.lists.feedback import Feedback, Opinion
from upload_guard.storage.locks import exclusive_lock

SUFFIX = ".opinions"


@dataclass(frozen=True, slots=True)
class OpinionsFolder:
    """`folder` is made where it is missing; `installation` names the file in it that is ours."""

    folder: Path
    installation: str

    @property
    def file(self) -> Path:
        return self.folder / f"{self.installation}.jsonl"

    def take(self, feedback: Feedback) -> None:
        """See `TakesFeedback`. The file is replaced as a whole, so that a reader never finds half of it."""
        with exclusive_lock(self.folder / f".{self.installation}.lock"):
            opinions = self._read()
            key = feedback.signal_type.value, feedback.value.hex()
            # At the end, as what is newest; or gone.
            opinions.pop(key, None)
            if feedback.opinion is not Opinion.WITHDRAWN:
                opinions[key] = _line(feedback)
            self._write(opinions)

    def _read(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
            rows = [json.loads(line) for line in lines]
            return {(row["type"], row["value"]): row for row in rows}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UpstreamUnreachable(f"{self.file}: cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise UpstreamGarbled(f"{self.file}: is not what was written here: move it away") from error

    def _write(self, opinions: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        draft = self.file.with_name(f".{self.installation}.tmp")
        try:
            with draft.open("w", encoding="utf-8") as out:
                out.writelines(json.dumps(row) + "\n" for row in opinions.values())
                out.flush()
                os.fsync(out.fileno())
            draft.replace(self.file)
        except OSError as error:
            raise UpstreamUnreachable(f"{self.file}: cannot be written: {error.strerror}") from error


def _line(feedback: Feedback) -> Mapping[str, Any]:
    row = dict(feedback.row)
    # Whoever imports it gives it a list of their own.
    del row["list"]
    return row
