"""The group ristretto255 (RFC 9496) with hashing into it (RFC 9380), by libsodium through rbcl.

Elements and scalars are 32 bytes, as they go over the wire; scalars are little-endian and below `ORDER`.
Whatever a secret is in is done by libsodium, which takes no longer for one secret than for another.
"""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import suppress
from pathlib import Path

import rbcl

from upload_guard.errors import BadElement

ELEMENT_BYTES = 32
SCALAR_BYTES = 32
ORDER = 2**252 + 27742317777372353535851937790883648493
_IDENTITY = bytes(ELEMENT_BYTES)
_UNIFORM_BYTES = 64
_BLOCK_BYTES = 128
_DIGEST_BYTES = 64

# rbcl unpacks libsodium into a temporary file at each import, and leaves it there. It is mapped by now.
_UNPACKED = Path(rbcl._sodium._name)
if _UNPACKED.parent == Path(tempfile.gettempdir()):
    with suppress(OSError):
        _UNPACKED.unlink()


def element(data: bytes) -> bytes:
    """`data`, if it is an element in its one form and not the identity. Raises `BadElement`."""
    if (
        len(data) != ELEMENT_BYTES
        or data == _IDENTITY
        or not rbcl.crypto_core_ristretto255_is_valid_point(data)
    ):
        raise BadElement("these bytes are no element of ristretto255, or are its identity")
    return data


def scalar(data: bytes) -> bytes:
    """`data`, if it is a scalar in its one form. Raises `BadElement`."""
    if len(data) != SCALAR_BYTES or int.from_bytes(data, "little") >= ORDER:
        raise BadElement("these bytes are no scalar of ristretto255")
    return data


def hash_to_element(message: bytes, tag: bytes) -> bytes:
    """RFC 9380, hash_to_ristretto255 with expand_message_xmd over SHA-512; `tag` separates domains."""
    return bytes(rbcl.crypto_core_ristretto255_from_hash(expanded(message, tag, _UNIFORM_BYTES)))


def hash_to_scalar(message: bytes, tag: bytes) -> bytes:
    """RFC 9497, 4.1: 64 uniform bytes as a little-endian number, modulo `ORDER`."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_reduce(expanded(message, tag, _UNIFORM_BYTES)))


def random_scalar() -> bytes:
    """Uniform and not zero."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_random())


def times(number: bytes, point: bytes) -> bytes:
    """`point`, an element, so many times. Raises `BadElement` where that is the identity."""
    try:
        return bytes(rbcl.crypto_scalarmult_ristretto255(number, point))
    except RuntimeError as error:
        raise BadElement("the product is the identity of ristretto255") from error


def base_times(number: bytes) -> bytes:
    """The group's generator so many times; `number` is not zero."""
    try:
        return bytes(rbcl.crypto_scalarmult_ristretto255_base(number))
    except RuntimeError as error:
        raise BadElement("the product is the identity of ristretto255") from error


def add(one: bytes, other: bytes) -> bytes:
    """The sum of two elements."""
    return bytes(rbcl.crypto_core_ristretto255_add(one, other))


def invert(number: bytes) -> bytes:
    """1 / `number` modulo `ORDER`; it is not zero."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_invert(number))


def minus_product(number: bytes, one: bytes, other: bytes) -> bytes:
    """`number` - `one` * `other` modulo `ORDER`."""
    product = rbcl.crypto_core_ristretto255_scalar_mul(one, other)
    return bytes(rbcl.crypto_core_ristretto255_scalar_sub(number, product))


def expanded(message: bytes, tag: bytes, length: int) -> bytes:
    """RFC 9380, 5.3.1: expand_message_xmd over SHA-512, for a `tag` of at most 255 bytes."""
    suffix = tag + bytes([len(tag)])
    padded = bytes(_BLOCK_BYTES) + message + length.to_bytes(2, "big")
    first = hashlib.sha512(padded + b"\0" + suffix).digest()
    block = hashlib.sha512(first + b"\1" + suffix).digest()
    out = block
    for number in range(2, -(-length // _DIGEST_BYTES) + 1):
        mixed = bytes(a ^ b for a, b in zip(first, block, strict=True))
        block = hashlib.sha512(mixed + bytes([number]) + suffix).digest()
        out += block
    return out[:length]
