"""A maildir on this machine. What was taken moves into its folder "Taken", where people still find it.

Whether a mail was looked at is of no matter: one that a person opened first is taken all the same.

Sources: maildir(5) of qmail (new, cur, tmp; flags behind ":2,"), Maildir++ (folders as ".Name").
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from upload_guard.errors import TransportError
from upload_guard.moments import moment_at
from upload_guard.notices.mail.mailboxes import Mail
from upload_guard.notices.mail.parts import MOST_BYTES

log = logging.getLogger(__name__)

TAKEN = ".Taken"
_FLAGS = ":2,"
_TRASHED = "T"


@dataclass(frozen=True, slots=True)
class Maildir:
    """See `Mailbox`."""

    folder: Path

    @contextmanager
    def opened(self) -> Iterator[Iterator[Mail]]:
        """See `Mailbox`."""
        try:
            taken = self._folder_of_taken()
            files = [*_mails_in(self.folder / "new"), *_mails_in(self.folder / "cur")]
        except OSError as error:
            raise TransportError(f"{self.folder}: {error.strerror}") from error
        yield self._read(sorted(files, key=lambda file: file.name), taken)

    def probe(self) -> str:
        """See `Mailbox`."""
        for folder in (self.folder, self.folder / "new", self.folder / "cur"):
            try:
                os.scandir(folder).close()
            except OSError as error:
                told = f"{folder}: {error.strerror}; a maildir has new and cur in it"
                raise TransportError(told) from error
            if not os.access(folder, os.W_OK | os.X_OK):
                raise TransportError(f"{folder}: this account may move no mail out of it")
        return "mail moved in it"

    def _folder_of_taken(self) -> Path:
        folder = self.folder / TAKEN
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        # By this file other programs know a folder of Maildir++.
        (folder / "maildirfolder").touch(mode=0o600)
        return folder / "cur"

    def _read(self, files: list[Path], taken: Path) -> Iterator[Mail]:
        unreadable = 0
        for file in files:
            try:
                raw, received_at = _content_of(file)
            except FileNotFoundError:
                continue  # Somebody else moved it, and the next look finds it there.
            except OSError as error:
                log.warning("ALARM: a mail cannot be read: %s: %s", file, error.strerror or error)
                unreadable += 1
                continue
            yield Mail(raw, received_at, partial(_put_away, file, taken))
        if unreadable:
            raise TransportError(f"{self.folder}: {unreadable} of its mails cannot be read")


def _mails_in(folder: Path) -> list[Path]:
    return [
        file
        for file in folder.iterdir()
        if not file.name.startswith(".") and _TRASHED not in file.name.rpartition(_FLAGS)[2]
    ]


def _content_of(file: Path) -> tuple[bytes, datetime]:
    # Whoever may deliver mail here may not have us read other files of this machine, nor wait at a pipe.
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is no file")
        return stream.read(MOST_BYTES + 1), moment_at(status.st_mtime)


def _put_away(file: Path, taken: Path) -> None:
    name, _, flags = file.name.partition(_FLAGS)
    try:
        file.rename(taken / f"{name}{_FLAGS}{''.join(sorted(set(flags) | {'S'}))}")
    except FileNotFoundError:
        return  # The next look finds it where it is now, and it is known then.
    except OSError as error:
        raise TransportError(f"{file}: cannot be moved to {taken}: {error.strerror}") from error
