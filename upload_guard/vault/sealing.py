"""A stream sealed in chunks: memory stays constant, and no chunk can be cut, swapped or moved elsewhere.

STREAM (Hoang, Reyhanitabar, Rogaway, Vizar: "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", CRYPTO 2015), over AES-256-GCM:

    "UGV" | 1 | prefix (7, random) | chunk 0 | chunk 1 | ... | last chunk

Each chunk is 64 KiB of plain bytes (the last one: fewer, or none) and a tag of 16. Its nonce is prefix |
number (4, big-endian) | 1 for the last chunk, else 0; header and the caller's context are authenticated with
each.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from upload_guard.errors import SealBroken

KEY_BYTES = 32
CHUNK = 1 << 16
_TAG = 16
_MAGIC = b"UGV\x01"
_PREFIX = 7
HEADER = len(_MAGIC) + _PREFIX


def seal(plain: Iterable[bytes], key: bytes, context: bytes) -> Iterator[bytes]:
    """`plain` in portions of any size, sealed. `key` (32 bytes) belongs to this object alone."""
    header = _MAGIC + os.urandom(_PREFIX)
    yield header
    cipher, number, held = AESGCM(key), 0, bytearray()
    for portion in plain:
        held += portion
        # One whole chunk may be the last, and is not known to be until the end.
        while len(held) > CHUNK:
            yield cipher.encrypt(_nonce(header, number, last=False), bytes(held[:CHUNK]), header + context)
            del held[:CHUNK]
            number += 1
    yield cipher.encrypt(_nonce(header, number, last=True), bytes(held), header + context)


def unseal(sealed: BinaryIO, key: bytes, context: bytes) -> Iterator[bytes]:
    """The plain bytes, a chunk at a time; each is genuine, all only when this ends. Raises `SealBroken`."""
    header = _exactly(sealed, HEADER)
    if len(header) < HEADER or not header.startswith(_MAGIC):
        raise SealBroken("not bytes that the vault of this release has sealed")
    cipher, number = AESGCM(key), 0
    chunk = _exactly(sealed, CHUNK + _TAG)
    while True:
        following = _exactly(sealed, CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(header, number, last=not following), chunk, header + context)
        except (InvalidTag, ValueError):
            raise SealBroken(f"chunk {number} was altered or cut, or belongs elsewhere") from None
        if not following:
            return
        chunk, number = following, number + 1


def _nonce(header: bytes, number: int, *, last: bool) -> bytes:
    return header[len(_MAGIC) :] + number.to_bytes(4, "big") + bytes([last])


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """`size` bytes, or what there is before the end: object stores give less at a time as they like."""
    taken = bytearray()
    while len(taken) < size and (portion := stream.read(size - len(taken))):
        taken += portion
    return bytes(taken)
