"""What a document carries in its text: data: URIs and base64, by the same search as in requests."""

from __future__ import annotations

import binascii
from collections.abc import Iterator

from upload_guard.containers.base import Inner
from upload_guard.errors import Unreadable
from upload_guard.texts.encodings import Finder

_FILLER = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"))
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def carried_files(text: bytes) -> Iterator[Inner]:
    """Each file in `text`, whose encoding leaves ASCII as it is. Raises `Unreadable` as the search does."""
    for number, payload in enumerate(Finder().payloads(text.decode("latin-1")), 1):
        yield Inner(f"data: URI {number}", chunks=(payload,))


def from64(data: bytes) -> bytes:
    """Base64 as lenient readers take it (RFC 2045, 6.8): other characters passed over, padding not needed."""
    digits = data.split(b"=", 1)[0].translate(_URL_SAFE, b"").translate(None, _FILLER)
    digits = digits[: len(digits) - 1] if len(digits) % 4 == 1 else digits
    try:
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))
    except binascii.Error as error:
        raise Unreadable("damaged", "base64") from error
