"""Exact digests, taken while the bytes stream by."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

from upload_guard.records import Digests

CHUNK = 1 << 18


class Digester:
    """Feed it bytes in any portions; `finish` gives the digests of all of them."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._size = 0

    def update(self, chunk: bytes) -> None:
        self._md5.update(chunk)
        self._sha1.update(chunk)
        self._sha256.update(chunk)
        self._size += len(chunk)

    def finish(self) -> Digests:
        return Digests(self._md5.digest(), self._sha1.digest(), self._sha256.digest(), self._size)


def digest_stream(stream: BinaryIO) -> Digests:
    """Digests of everything left in `stream`."""
    digester = Digester()
    while chunk := stream.read(CHUNK):
        digester.update(chunk)
    return digester.finish()
