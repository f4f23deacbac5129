"""A tree of files, and files by name. Links are not followed, and nothing but plain files is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote_from_bytes

from upload_guard.errors import HoldingsUnreachable, UsageError
from upload_guard.holdings.descent import Trees, descended, path_of
from upload_guard.scan.records import Item, Link, Met, Opened, Shut
from upload_guard.spans import OpenContent

SCHEME = "file://"
STDIN = "stdin:"
_PORTION = 1 << 16


def locator_of(path: Path) -> str:
    """As `holdings.descent.file_locator`, of a path that is real already, as one by a walk is."""
    return SCHEME + quote_from_bytes(os.fsencode(path))


@dataclass(frozen=True, slots=True)
class FolderWalk:
    """All below `folder`, names in order of their bytes; `spared` are folders of our own, not entered."""

    folder: Path
    spared: frozenset[Path] = frozenset()

    @property
    def root(self) -> str:
        return locator_of(self.folder)

    def items(self, after: str = "") -> Iterator[Met]:
        if _is_empty(self.folder):
            yield Shut(self.root, "is an empty folder: perhaps a disk is not mounted")
        elif self.folder.is_dir():
            behind = path_of(after).relative_to(self.folder).parts if after else ()
            yield from self._below(tuple(map(os.fsencode, behind)))
        elif after != self.root:
            yield _met(self.folder)

    def _below(self, behind: tuple[bytes, ...]) -> Iterator[Met]:
        """`behind`: the last one planned, as names from here. No recursion: folders may be thousands deep."""
        listed, fault = self._listed(self.folder, behind)
        yield from fault
        stack = [listed]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
            elif not step.is_folder:
                yield _met(step.path)
            elif step.path not in self.spared:
                listed, fault = self._listed(step.path, step.behind)
                yield from fault
                stack.append(listed)

    def _listed(self, folder: Path, behind: tuple[bytes, ...]) -> tuple[Iterator[_Step], tuple[Shut, ...]]:
        """What lies in `folder` behind that, in order; or why nobody can say."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(
                    (os.fsencode(entry.name), entry.is_dir(follow_symlinks=False)) for entry in listing
                )
        except OSError as error:
            return iter(()), (Shut(locator_of(folder), _why(error)),)
        return _steps(folder, entries, behind), ()


@dataclass(frozen=True, slots=True)
class _Step:
    """An entry of a folder; `behind` is what of it is planned already."""

    path: Path
    is_folder: bool
    behind: tuple[bytes, ...]


def _steps(folder: Path, entries: list[tuple[bytes, bool]], behind: tuple[bytes, ...]) -> Iterator[_Step]:
    for name, is_folder in entries:
        if behind and name < behind[0]:
            continue
        is_last = bool(behind) and name == behind[0]
        if is_folder or not is_last:
            yield _Step(folder / os.fsdecode(name), is_folder, behind[1:] if is_last else ())


@dataclass(frozen=True, slots=True)
class NamedWalk:
    """Paths as somebody names them, one after another; relative ones are below `base`."""

    paths: Iterable[bytes]
    base: Path

    @property
    def root(self) -> str:
        return STDIN

    def items(self, after: str = "") -> Iterator[Met]:
        if after:
            raise UsageError("the paths of standard input cannot be read again; name them anew")
        seen: set[bytes] = set()
        for name in self.paths:
            path = self._real(name)
            if os.fsencode(path) not in seen:
                seen.add(os.fsencode(path))
                yield _met(path)

    def _real(self, name: bytes) -> Path:
        """The file as it really lies, its own name as given: what `..` leads to is the kernel's to say."""
        path = self.base / os.fsdecode(name)
        # What can name no file is told as such by whoever looks.
        with suppress(ValueError, OSError):
            return Path(os.path.realpath(path.parent), path.name)
        return path


def names_in(stream: BinaryIO, end: bytes) -> Iterator[bytes]:
    """The names in a stream, each with `end` behind it; the last one may lack it."""
    rest = b""
    while portion := stream.read(_PORTION):
        *whole, rest = (rest + portion).split(end)
        yield from filter(None, whole)
    if rest:
        yield rest


@dataclass(frozen=True, slots=True)
class Files:
    """Opens plain files, by a way that has no link in it: see `holdings.descent`."""

    trees: Trees = field(default_factory=Trees)

    def look(self, item: Item) -> Item:
        with descended(item.locator, self.trees) as spot:
            facts = os.stat(spot.name, dir_fd=spot.folder, follow_symlinks=False)
        return _stamped(item, facts)

    @contextmanager
    def opened(self, item: Item) -> Iterator[Opened]:
        with descended(item.locator, self.trees) as spot:
            handle = spot.open()
        with os.fdopen(handle, "rb") as file:
            facts = os.fstat(handle)
            if not stat.S_ISREG(facts.st_mode):
                raise HoldingsUnreachable(f"{item.locator}: is no plain file any more")
            yield Opened(
                _stamped(item, facts), OpenContent(file, 0, facts.st_size), path_of(item.locator).name
            )


def _is_empty(folder: Path) -> bool:
    """One that nobody may read is not."""
    with suppress(OSError), os.scandir(folder) as entries:
        return next(entries, None) is None
    return False


def _met(path: Path) -> Met:
    try:
        facts = path.lstat()
    except OSError as error:
        return Shut(locator_of(path), _why(error))
    except ValueError:
        return Shut(locator_of(path), "is no name of a file")
    if stat.S_ISLNK(facts.st_mode):
        return Link(locator_of(path))
    if stat.S_ISDIR(facts.st_mode):
        return Shut(locator_of(path), "is a folder; name the files in it")
    if not stat.S_ISREG(facts.st_mode):
        return Shut(locator_of(path), "is no plain file")
    return _stamped(Item(locator_of(path)), facts)


def _stamped(item: Item, facts: os.stat_result) -> Item:
    # The time of the last change of the inode, too: anybody can set back that of the content.
    stamp = f"{facts.st_mtime_ns}.{facts.st_ctime_ns}.{facts.st_ino}"
    return replace(item, size=facts.st_size, stamp=stamp)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
