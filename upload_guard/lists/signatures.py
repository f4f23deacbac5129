"""Detached Ed25519 signatures (RFC 8032) of list files, against a key that the administrator has pinned."""

from __future__ import annotations

import base64
import binascii
import mmap
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from upload_guard.errors import ListError

_SIZE = 64
_LONGEST = 1024


@contextmanager
def signed_copy(file: Path, signature: Path | None, public_key: str, folder: Path) -> Iterator[Path]:
    """A copy of `file` of one's own below `folder`, found good by `check_signature`; gone afterwards.

    What is read later is then what was judged, whatever becomes of the file. Raises `ListError`.
    """
    with tempfile.TemporaryDirectory(prefix="signed-", dir=folder) as own:
        copy = Path(own) / file.name
        try:
            shutil.copyfile(file, copy)
        except OSError as error:
            raise ListError(f"{file}: cannot be read or copied: {error.strerror}") from None
        check_signature(copy, signature, public_key)
        yield copy


def check_signature(file: Path, signature: Path | None, public_key: str) -> None:
    """Raises `ListError` unless `signature` is a good one of the whole of `file`; `public_key` is 64 digits.

    A signature is 64 bytes, as they are, in hexadecimal or in base64.
    """
    if signature is None:
        raise ListError(f"{file.name}: the list is signed: give its signature with --signature")
    signed = _read_signature(signature)
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        # Mapped, since the algorithm wants all of a file that may have a gigabyte.
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as message:
            key.verify(signed, cast(Any, message))
    except OSError as error:
        raise ListError(f"{file}: cannot be read: {error.strerror}") from None
    except InvalidSignature:
        raise ListError(
            f"{file.name}: {signature.name} is no signature of this file by the list's key"
        ) from None
    except ValueError:
        raise ListError(f"{file.name}: is empty, or the list's public_key is no Ed25519 key") from None


def _read_signature(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            raw = opened.read(_LONGEST)
    except OSError as error:
        raise ListError(f"{file}: cannot be read: {error.strerror}") from None
    if len(raw) == _SIZE:
        return raw
    text = raw.strip()
    for decode in (bytes.fromhex, _from_base64):
        try:
            decoded = decode(text.decode("ascii"))
        except ValueError:
            continue
        if len(decoded) == _SIZE:
            return decoded
    raise ListError(f"{file}: is no Ed25519 signature: 64 bytes, in hexadecimal or base64 if you like")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
