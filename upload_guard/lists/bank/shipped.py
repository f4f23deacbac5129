"""The bank that comes with the package: digests and hashes of WordPress's own images, one a line, compressed.

`scripts/shipped_bank.py` writes it from folders of releases.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from upload_guard.errors import StorageFailed
from upload_guard.lists.bank.bank import BankFile
from upload_guard.records import BankScope, SignalType

SHIPPED = Path(__file__).with_name("shipped_bank.jsonl.gz")


@dataclass(frozen=True)
class ShippedBank:
    """Read once, when first asked."""

    file: Path = SHIPPED

    @cached_property
    def _data(self) -> bytes:
        try:
            return self.file.read_bytes()
        except OSError as error:
            raise StorageFailed(f"{self.file}: cannot be read: {error.strerror}") from error

    @cached_property
    def generation(self) -> str:
        """Raises `StorageFailed`."""
        return hashlib.sha256(self._data).hexdigest()[:16]

    @cached_property
    def files(self) -> tuple[BankFile, ...]:
        """Raises `StorageFailed`."""
        try:
            files = _files_in(self._data)
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise StorageFailed(f"{self.file}: is damaged ({type(error).__name__})") from error
        if not files:
            raise StorageFailed(f"{self.file}: is damaged: it holds nothing")
        return files


@lru_cache(maxsize=1)
def _files_in(data: bytes) -> tuple[BankFile, ...]:
    """One a process, however many ask for it."""
    return tuple(_read(json.loads(line)) for line in gzip.decompress(data).splitlines())


def shipped_bytes(files: Iterable[BankFile]) -> bytes:
    """What the file holds: the same bytes for the same files."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as packed:
        for file in files:
            packed.write(json.dumps(_written(file)).encode() + b"\n")
    return out.getvalue()


def _written(file: BankFile) -> dict[str, str]:
    fields = {"name": file.name}
    for kind, value in file.digests:
        fields[kind.value] = base64.b64encode(value).decode()
    for kind in SignalType:
        if looks := b"".join(value for each, value in file.looks if each is kind):
            fields[kind.value] = base64.b64encode(looks).decode()
    return fields


def _read(fields: dict[str, str]) -> BankFile:
    packed = {kind: base64.b64decode(fields[kind.value]) for kind in SignalType if kind.value in fields}
    return BankFile(
        fields["name"],
        BankScope.SHIPPED,
        tuple((kind, value) for kind, value in packed.items() if kind.exact),
        tuple((kind, value) for kind, values in packed.items() for value in looks_in(kind, values)),
    )


def looks_in(kind: SignalType, packed: bytes) -> Iterator[bytes]:
    """The perceptual hashes that stand one after another in `packed`; none of an exact type."""
    if not kind.exact:
        yield from (packed[start : start + kind.size] for start in range(0, len(packed), kind.size))
