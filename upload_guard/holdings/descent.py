"""The way down to a file through folders, none of which may be a symlink.

Folders of uploads are written by strangers' requests: between a look and an act one may have become a link to
somewhere else. So every step is an `openat` of the one before with O_NOFOLLOW, and what is done is done in
the folder that was arrived at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from upload_guard.errors import GoneFromPlace, HoldingsUnreachable

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PREFIX = "file://"


def file_locator(path: Path) -> str:
    """The locator of a file: its folder as it really is, its own name as it is given.

    Names that are no UTF-8 stay what they are, percent-encoded.
    """
    real = path.parent.resolve() / path.name
    return _PREFIX + quote(os.fsencode(real))


def path_of(locator: str) -> Path:
    """The path that a locator names. Raises `GoneFromPlace` for what can name no file of ours."""
    path = Path(unquote(locator.removeprefix(_PREFIX), errors="surrogateescape"))
    plain = locator.startswith(_PREFIX) and path.is_absolute() and "\0" not in str(path)
    if not plain or ".." in path.parts or len(path.parts) < 2:
        raise GoneFromPlace(f"{locator[:255]}: that names no file")
    return path


@dataclass(frozen=True, slots=True)
class Spot:
    """A name in an open folder."""

    folder: int
    name: str
    locator: str

    def open(self) -> int:
        """The file itself, a plain one, for reading; the caller closes it. Raises `GoneFromPlace`."""
        # A pipe would be waited for.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        return os.open(self.name, flags, dir_fd=self.folder)


@contextmanager
def descended(locator: str, make: bool = False) -> Iterator[Spot]:
    """The spot of a file, whose folders are made again where that is wanted.

    What `OSError` the block ends with is told in our words: `GoneFromPlace` and `HoldingsUnreachable`.
    """
    path = path_of(locator)
    try:
        folder = os.open("/", _FOLDER)
        try:
            for name in path.parts[1:-1]:
                folder = _step(folder, name, make)
            yield Spot(folder, path.name, locator)
        finally:
            os.close(folder)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise GoneFromPlace(f"{locator}: nothing lies there") from error
    except OSError as error:
        raise HoldingsUnreachable(f"{locator}: {error.strerror}") from error


def _step(folder: int, name: str, make: bool) -> int:
    if make:
        try:
            os.mkdir(name, 0o755, dir_fd=folder)
        except FileExistsError:
            pass
        else:
            os.fsync(folder)
    below = os.open(name, _FOLDER, dir_fd=folder)
    os.close(folder)
    return below
