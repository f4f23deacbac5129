"""The way down to a file through folders, none of which may be a symlink.

Folders of uploads are written by strangers' requests: between a look and an act one may have become a link to
somewhere else. So every step is an `openat` of the one before with O_NOFOLLOW, and what is done is done in
the folder that was arrived at.

A file that is not found is not always gone: a disk that is not mounted leaves an empty folder, or none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
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
    """A name in an open folder, which lies on what is mounted at `mount` (percent-encoded)."""

    folder: int
    name: str
    locator: str
    mount: str

    def open(self) -> int:
        """The file itself, a plain one, for reading; the caller closes it. Raises `OSError`."""
        # A pipe would be waited for.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        return os.open(self.name, flags, dir_fd=self.folder)


@dataclass(frozen=True, slots=True)
class Trees:
    """What has to be there before a file that is not found is gone: the innermost of `roots` that it lies
    below, or its own folder where it lies below none. Each has to hold something.
    """

    roots: tuple[Path, ...] = ()

    def check(self, path: Path) -> None:
        """Raises `HoldingsUnreachable` where nobody can say whether the file is gone."""
        above = [root for root in self.roots if root in path.parents]
        tree = max(above, key=lambda root: len(root.parts), default=path.parent)
        try:
            with os.scandir(tree) as entries:
                holds = next(entries, None) is not None
        except OSError:
            holds = False
        if not holds:
            raise HoldingsUnreachable(
                f"{_PREFIX}{quote(os.fsencode(path))}: it is not there, but {tree} is empty or missing: "
                f"perhaps a disk is not mounted"
            )


@contextmanager
def descended(locator: str, trees: Trees, *, mount: str | None = None, make: bool = False) -> Iterator[Spot]:
    """The spot of a file. Where `make` is set, folders that are missing are made again.

    `mount` is where that was mounted on which the file once lay: while it is, a file that is not found is
    gone, and while it is not, nothing is made. Where nobody knows that, `trees` say whether it is gone.
    What `OSError` the block ends with is told in our words: `GoneFromPlace` and `HoldingsUnreachable`.
    """
    path = path_of(locator)
    way = _Way(os.open("/", _FOLDER))
    try:
        if make:
            way.go_as_far_as_there_is(path.parts[1:-1])
            way.refuse_unmounted(mount, locator)
            way.make(path.parts[way.depth + 1 : -1])
        way.go(path.parts[way.depth + 1 : -1])
        yield Spot(way.folder, path.name, locator, way.mounts[-1])
    except FileNotFoundError as error:
        if mount is None:
            trees.check(path)
        else:
            way.refuse_unmounted(mount, locator)
        raise GoneFromPlace(f"{locator}: nothing lies there") from error
    except NotADirectoryError as error:
        raise HoldingsUnreachable(f"{locator}: a link or a file lies where a folder was") from error
    except OSError as error:
        raise HoldingsUnreachable(f"{locator}: {error.strerror}") from error
    finally:
        os.close(way.folder)


@dataclass
class _Way:
    """How far one has come: the open folder, `depth` steps below the root, and what is mounted above it."""

    folder: int
    depth: int = 0
    here: str = "/"
    mounts: list[str] = field(default_factory=lambda: ["/"])

    def go(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._enter(name)

    def go_as_far_as_there_is(self, names: tuple[str, ...]) -> None:
        with suppress(FileNotFoundError):
            self.go(names)

    def make(self, names: tuple[str, ...]) -> None:
        for name in names:
            try:
                os.mkdir(name, 0o755, dir_fd=self.folder)
            except FileExistsError:
                pass
            else:
                os.fsync(self.folder)
            self._enter(name)

    def refuse_unmounted(self, mount: str | None, locator: str) -> None:
        if mount is not None and mount not in self.mounts:
            raise HoldingsUnreachable(f"{locator}: nothing is mounted at {mount}, where the file lay")

    def _enter(self, name: str) -> None:
        below = os.open(name, _FOLDER, dir_fd=self.folder)
        there = f"{self.here.rstrip('/')}/{quote(os.fsencode(name))}"
        if os.fstat(below).st_dev != os.fstat(self.folder).st_dev:
            self.mounts.append(there)
        os.close(self.folder)
        self.folder, self.depth, self.here = below, self.depth + 1, there
