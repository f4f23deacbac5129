"""Reports as files in a folder, for whatever carries them further."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from upload_guard.errors import NotWithdrawable, TransportError
from upload_guard.reports.papers import Paper, Progress, Sent


@dataclass(frozen=True, slots=True)
class FolderSender:
    """One file a report, whole or not there at all; sent again it is the same file."""

    folder: Path

    def send(self, paper: Paper, so_far: Progress, note: Callable[[Progress], None]) -> Sent:
        # A paper is named after its report, so that a second attempt overwrites what the first one wrote.
        target, part = self.folder / paper.file_name, self.folder / f".{paper.file_name}.part"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
                out.write(paper.content)
                out.flush()
                os.fsync(out.fileno())
            part.replace(target)
            _sync_folder(self.folder)
        except OSError as error:
            raise TransportError(f"{self.folder}: {error.strerror}") from error
        note({**so_far, "file": paper.file_name})
        return Sent(reference=paper.file_name)

    def withdraw(self, paper: Paper, so_far: Progress, because: str) -> None:  # noqa: ARG002 - as senders are
        raise NotWithdrawable(
            f"{paper.file_name} was written to {self.folder}, and who has taken it from there is not known: "
            "write to them yourself, then say that it is withdrawn"
        )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
