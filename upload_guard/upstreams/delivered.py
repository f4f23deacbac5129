"""A list's file as it was delivered: signature checked, unpacked, and ready to be read as a page's record."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from upload_guard.errors import ListError, StorageFailed, UpstreamGarbled
from upload_guard.lists.formats import HashFile, ListedHash
from upload_guard.lists.signatures import check_signature
from upload_guard.records import SignalType
from upload_guard.upstreams.client import gunzipped

_GZIP = b"\x1f\x8b"
_PIECE = 64 << 10


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """`folder`, empty, and gone at the end; so is what a killed run has left. Raises `StorageFailed`."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise StorageFailed(f"{folder}: cannot be made: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known of a list's files: their form, the type of hashes that name none, key and size.

    `public_key` is empty for a list that is not signed; `max_bytes` counts what is unpacked of a file.
    """

    form: str | None
    signal_type: SignalType | None
    public_key: str
    max_bytes: int

    def identity(self, place: str) -> str:
        """Names these files at this place: read otherwise, they would be another list."""
        said = f"{place} {self.form} {self.signal_type} {self.public_key}"
        return hashlib.sha256(said.encode()).hexdigest()

    def check(self, file: Path, signature: Path) -> None:
        """Raises `ListError` where the list is signed and this file is not."""
        if self.public_key:
            check_signature(file, signature, self.public_key)

    def hashes(self, file: Path, scratch: Path, name: str) -> Iterator[ListedHash]:
        """Every hash of a file that may be packed by gzip, into `scratch` then; `name` is for faults.

        Raises `ListError`, `UpstreamGarbled` and `StorageFailed`.
        """
        readable = self._unpacked(file, scratch, name)
        try:
            yield from HashFile(readable, self.signal_type, self.form)
        except ListError as fault:
            raise ListError(str(fault).replace(str(readable), name)) from None

    def _unpacked(self, file: Path, scratch: Path, name: str) -> Path:
        try:
            with file.open("rb") as packed:
                if packed.read(len(_GZIP)) != _GZIP:
                    return file
                packed.seek(0)
                size = 0
                with scratch.open("wb") as out:
                    for piece in gunzipped(iter(lambda: packed.read(_PIECE), b""), name):
                        size += len(piece)
                        if size > self.max_bytes:
                            raise UpstreamGarbled(f"{name} holds more than {self.max_bytes} bytes")
                        out.write(piece)
        except OSError as error:
            raise StorageFailed(f"{name}: cannot be unpacked: {error.strerror}") from error
        return scratch
