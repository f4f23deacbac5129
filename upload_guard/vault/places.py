"""Where sealed bytes lie: a folder of this machine."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from upload_guard.errors import StorageFailed

MARK = "vault-mark"
"""The name of what tells a place from others: longer than those of sub-folders, so no object's."""


class Place(Protocol):
    """Keeps objects under random names. Each method raises `StorageFailed` if the place does not answer."""

    @property
    def address(self) -> str:
        """The whole place, as settings name it."""

    @property
    def settles_after(self) -> float:
        """Seconds after which an object that is not there yet will not come any more."""

    def where(self, name: str) -> str:
        """As a person would look for it."""

    def write(self, name: str, portions: Iterable[bytes]) -> None:
        """Store durably, whole or not at all."""

    def open(self, name: str) -> BinaryIO | None:
        """The object from its start, or None where there is none."""

    def holds(self, name: str) -> bool: ...

    def refuse_missing(self) -> None:
        """Raises `StorageFailed` where all that was ever stored is missing: then no one object is gone."""

    def delete(self, name: str) -> None:
        """Remove the object, if it is there."""

    def clear(self) -> None:
        """Remove what a crash left half written, while nobody writes."""

    def mark(self) -> str:
        """What tells it from other places; empty where nobody has marked it."""

    def set_mark(self, mark: str) -> None: ...

    def probe(self) -> None:
        """Raises `StorageFailed` unless something could be stored now."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """Files of mode 0600, spread over sub-folders by the first two characters of their names.

    A file is written beside its place, synced, renamed, and its folder synced.
    """

    folder: Path

    @property
    def address(self) -> str:
        return str(self.folder)

    @property
    def settles_after(self) -> float:
        return 0.0

    def path(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def where(self, name: str) -> str:
        return str(self.path(name))

    def write(self, name: str, portions: Iterable[bytes]) -> None:
        self._write(self.path(name), portions)

    def _write(self, path: Path, portions: Iterable[bytes]) -> None:
        part = path.with_name(path.name + ".part")
        try:
            self._make_folders(path.parent)
            _write_synced(part, portions)
            part.rename(path)
            _sync_folder(path.parent)
            _sync_folder(self.folder)
        except OSError as error:
            raise self._failed(error) from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def open(self, name: str) -> BinaryIO | None:
        try:
            return self.path(name).open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed(error) from error

    def holds(self, name: str) -> bool:
        try:
            return self.path(name).is_file()
        except OSError as error:
            raise self._failed(error) from error

    def refuse_missing(self) -> None:
        try:
            with os.scandir(self.folder) as entries:
                # Locks lie there as well, and are made anew; sub-folders are never removed.
                kept = any(entry.is_dir() for entry in entries)
        except OSError as error:
            raise self._failed(error) from error
        if not kept:
            raise StorageFailed(f"vault {self.folder}: nothing is in it: perhaps a disk is not mounted")

    def delete(self, name: str) -> None:
        try:
            self.path(name).unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from error

    def clear(self) -> None:
        for part in self.folder.glob("*/*.part"):
            part.unlink(missing_ok=True)

    def mark(self) -> str:
        try:
            return (self.folder / MARK).read_text("ascii", "replace").strip()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise self._failed(error) from error

    def set_mark(self, mark: str) -> None:
        self._write(self.folder / MARK, [f"{mark}\n".encode()])

    def probe(self) -> None:
        try:
            self._make_folders(self.folder)
            tempfile.TemporaryFile(dir=self.folder).close()
        except OSError as error:
            raise self._failed(error) from error

    def _make_folders(self, innermost: Path) -> None:
        # One at a time: with `parents=True` only the last folder would get the mode.
        for folder in (self.folder.parent, self.folder, innermost):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _failed(self, error: OSError) -> StorageFailed:
        return StorageFailed(f"vault {self.folder}: {error.strerror}")


def _write_synced(file: Path, portions: Iterable[bytes]) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "wb") as out:  # noqa: PTH123 - a descriptor
        for portion in portions:
            out.write(portion)
        out.flush()
        os.fsync(out.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
