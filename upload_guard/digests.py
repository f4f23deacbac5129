"""Exact digests, taken while the bytes stream by.

SHA-256 names an upload and is always taken. MD5 costs more than twice as much and SHA-1 as much again, so
they are taken where a list holds such entries, and for a case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from upload_guard.records import Digest, Digests, Signal, SignalType

CHUNK = 1 << 18


class Sha256Digester:
    """Feed it bytes in any portions; `finish` gives the digest of all of them."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._size = 0

    def update(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        self._size += len(chunk)

    def finish(self) -> Digest:
        return Digest(self._sha256.digest(), self._size)


class Digester:
    """The same for all three that lists hold."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = Sha256Digester()

    def update(self, chunk: bytes) -> None:
        self._md5.update(chunk)
        self._sha1.update(chunk)
        self._sha256.update(chunk)

    def finish(self) -> Digests:
        named = self._sha256.finish()
        return Digests(self._md5.digest(), self._sha1.digest(), named.sha256, named.size)


def digest_of(stream: BinaryIO) -> Digest:
    """The digest of everything left in `stream`."""
    digester = Sha256Digester()
    for chunk in _chunks(stream):
        digester.update(chunk)
    return digester.finish()


def digest_stream(stream: BinaryIO) -> Digests:
    """All digests of everything left in `stream`."""
    digester = Digester()
    for chunk in _chunks(stream):
        digester.update(chunk)
    return digester.finish()


def exact_signals(stream: BinaryIO, kinds: Iterable[SignalType]) -> tuple[Signal, ...]:
    """Digests of these exact types, of everything left in `stream`; it is not read for none."""
    digesters = {kind: hashlib.new(kind.value, usedforsecurity=False) for kind in kinds}
    for chunk in _chunks(stream) if digesters else ():
        for digester in digesters.values():
            digester.update(chunk)
    return tuple(Signal(kind, digester.digest()) for kind, digester in digesters.items())


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk
