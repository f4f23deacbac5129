"""Files in folders of this machine: `file:///srv/media/a.jpg`, by the way that has no symlink in it."""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from upload_guard.digests import digest_of
from upload_guard.errors import ChangedInPlace, HoldingsUnreachable
from upload_guard.holdings.descent import Spot, Trees, descended
from upload_guard.holdings.holdings import UNKNOWN, Leftover, Standing
from upload_guard.moments import moment_at
from upload_guard.records import Content


@dataclass(frozen=True, slots=True)
class Folders:
    """`Holdings` of plain files. Of what a file has besides its bytes, mode, owner and times are put back.

    `trees` say when a file that is not found is gone, where it was not looked at before.
    """

    trees: Trees = field(default_factory=Trees)

    def look(self, locator: str, known: Leftover = UNKNOWN) -> Standing:
        with descended(locator, self.trees, mount=known.get("mount")) as spot, _opened(spot) as file:
            status = os.fstat(file.fileno())
        leftover = {
            "mount": spot.mount,
            "mode": stat.S_IMODE(status.st_mode),
            "owner": status.st_uid,
            "group": status.st_gid,
            "accessed_ns": status.st_atime_ns,
            "modified_ns": status.st_mtime_ns,
        }
        return Standing(locator, status.st_size, moment_at(status.st_mtime), leftover)

    @contextmanager
    def read(self, locator: str) -> Iterator[BinaryIO]:
        with descended(locator, self.trees) as spot:
            file = _opened(spot)
        with file:
            yield file

    def take(self, locator: str, sha256: bytes, case: str = "", known: Leftover = UNKNOWN) -> None:  # noqa: ARG002 - as holdings are
        with descended(locator, self.trees, mount=known.get("mount")) as spot:
            aside = _beside(spot)
            taken = _is_there(aside) and _clear_aside(spot, aside, sha256)
            try:
                _take(spot, aside, sha256)
            except (HoldingsUnreachable, ChangedInPlace, FileNotFoundError):
                # What lies in its place since an attempt that was killed is that file once more, or not.
                if not taken:
                    raise
            os.fsync(spot.folder)

    def put(self, locator: str, content: Content, leftover: Leftover, case: str = "") -> None:  # noqa: ARG002
        with descended(locator, self.trees, mount=leftover.get("mount"), make=True) as spot:
            coming = _beside(spot)
            with suppress(FileNotFoundError):
                os.unlink(coming.name, dir_fd=spot.folder)
            try:
                sha256 = _write(coming, content, leftover)
                _name(coming, spot, sha256)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(coming.name, dir_fd=spot.folder)
            os.fsync(spot.folder)


def _beside(spot: Spot) -> Spot:
    """A name for the same file while it comes or goes: always the same, so that a crash loses nothing."""
    name = hashlib.sha256(os.fsencode(spot.name)).hexdigest()[:24]
    return replace(spot, name=f".upload-guard-{name}")


def _opened(spot: Spot) -> BinaryIO:
    try:
        handle = spot.open()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise HoldingsUnreachable(f"{spot.locator}: a link lies there, and none is followed") from error
        raise
    file = open(handle, "rb")  # noqa: PTH123, SIM115 - a descriptor; whoever calls closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise HoldingsUnreachable(f"{spot.locator}: that is no plain file")
    return file


def _is_there(spot: Spot) -> bool:
    with suppress(FileNotFoundError):
        os.stat(spot.name, dir_fd=spot.folder, follow_symlinks=False)
        return True
    return False


def _is_that(spot: Spot, sha256: bytes) -> bool:
    """Whether those bytes lie there; `HoldingsUnreachable` where what lies there is no plain file."""
    with _opened(spot) as file:
        return hmac.compare_digest(digest_of(file).sha256, sha256)


def _take(spot: Spot, aside: Spot, sha256: bytes) -> None:
    # Read first, so that a file that was replaced long ago is not missing even for a moment.
    if not _is_that(spot, sha256):
        raise _changed(spot)
    os.rename(spot.name, aside.name, src_dir_fd=spot.folder, dst_dir_fd=spot.folder)
    # By now nobody reaches it by its name, so what is looked at is what is removed.
    _remove_aside(spot, aside, sha256)


def _clear_aside(spot: Spot, aside: Spot, sha256: bytes) -> bool:
    """Whether an attempt that was killed had that file there. Whatever else lies there is in nobody's way."""
    try:
        _remove_aside(spot, aside, sha256)
    except ChangedInPlace:
        return False
    except HoldingsUnreachable as error:
        # No plain file, so none of ours: somebody means to have the file left where it is.
        raise HoldingsUnreachable(f"{spot.locator}: {aside.name} is in the way") from error
    return True


def _remove_aside(spot: Spot, aside: Spot, sha256: bytes) -> None:
    if _is_that(aside, sha256):
        os.unlink(aside.name, dir_fd=spot.folder)
        return
    # It was replaced in the last moment. If it was once more since, then nobody misses this one.
    with suppress(FileExistsError):
        _link(aside, spot)
    os.unlink(aside.name, dir_fd=spot.folder)
    raise _changed(spot)


def _link(old: Spot, new: Spot) -> None:
    """Raises `FileExistsError`, unlike a rename, which replaces."""
    os.link(old.name, new.name, src_dir_fd=old.folder, dst_dir_fd=new.folder, follow_symlinks=False)


def _name(coming: Spot, spot: Spot, sha256: bytes) -> None:
    """Give a file its name, unless another has it by now."""
    try:
        _link(coming, spot)
    except FileExistsError as error:
        if not _is_that(spot, sha256):
            raise _changed(spot) from error


def _write(coming: Spot, content: Content, leftover: Leftover) -> bytes:
    """The bytes and all else of the file, on the disk; their digest."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(coming.name, flags, 0o600, dir_fd=coming.folder), "w+b") as file:  # noqa: PTH123
        with content.open() as stream:
            shutil.copyfileobj(stream, file)
        file.flush()
        with suppress(PermissionError):
            # Only root may give a file away; anybody else's are their own.
            os.fchown(file.fileno(), leftover["owner"], leftover["group"])
        os.fchmod(file.fileno(), leftover["mode"])
        os.utime(file.fileno(), ns=(leftover["accessed_ns"], leftover["modified_ns"]))
        os.fsync(file.fileno())
        file.seek(0)
        return digest_of(file).sha256


def _changed(spot: Spot) -> ChangedInPlace:
    return ChangedInPlace(f"{spot.locator}: another file lies there now, which is left alone")
