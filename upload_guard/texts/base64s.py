"""Base64 as lenient decoders take it. Source: RFC 4648, sections 4 and 5; RFC 2045, section 6.8.

Decoders differ: most pass over what is not of their alphabet, some end at a `=` and some go on behind it. All
readings are given, since any application may use any decoder.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator

from upload_guard.imaging.formats import HEAD
from upload_guard.texts.kinds import may_begin, worth_decoding

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_STANDARD = bytes(set(range(256)) - set(_ALPHABET))
_NOT_EITHER = bytes(set(_NOT_STANDARD) - set(b"-_"))
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_HEAD_DIGITS = 4 * HEAD // 3 + 4


def from_base64(text: str) -> Iterator[bytes]:
    """What `text` decodes to, where that begins as a file worth checking."""
    digits = text.encode("latin-1", "replace")
    before, padding, behind = digits.partition(b"=")
    yield from _worthwhile(before)
    if padding and behind.strip(b"= \t\r\n"):
        yield from _worthwhile(digits.replace(b"=", b""))
        yield from _as_python_reads(digits)


def decoded(text: bytes) -> bytes:
    """All of `text` up to a `=`, as most decoders read it."""
    return _decoded(text.partition(b"=")[0].translate(_URL_SAFE, _NOT_EITHER))


def starts(digits: str) -> Iterator[bytes]:
    """The first bytes of what a run of base64 decodes to, in either alphabet."""
    yield from _decodings(digits.encode("latin-1", "replace"))


def _worthwhile(digits: bytes) -> Iterator[bytes]:
    if any(map(may_begin, _decodings(_first_digits(digits)))):
        yield from filter(worth_decoding, _decodings(digits))


def _first_digits(digits: bytes) -> bytes:
    """As many digits as tell what a file is, whatever stands in between: most texts are told by them."""
    taken, at, step = b"", 0, 2 * _HEAD_DIGITS
    while len(taken) < _HEAD_DIGITS and at < len(digits):
        taken += digits[at : at + step].translate(None, _NOT_EITHER)
        at, step = at + step, step * 2
    return taken[:_HEAD_DIGITS]


def _decodings(digits: bytes) -> Iterator[bytes]:
    """Decoded as far as it goes. `-` and `_` are of one alphabet; a decoder of the other skips them."""
    yield _decoded(digits.translate(_URL_SAFE, _NOT_EITHER))
    if b"-" in digits or b"_" in digits:
        yield _decoded(digits.translate(None, _NOT_STANDARD))


def _as_python_reads(digits: bytes) -> Iterator[bytes]:
    """Behind a `=` it goes on where no byte is left to fill up."""
    for one in {digits, digits.translate(_URL_SAFE)}:
        if any(map(may_begin, _decodings(_first_digits(one)))):
            yield from filter(worth_decoding, _python(one + b"==="))


def _python(digits: bytes) -> Iterator[bytes]:
    try:
        yield binascii.a2b_base64(digits)
    except binascii.Error:
        return


def _decoded(digits: bytes) -> bytes:
    whole = digits[: len(digits) - (1 if len(digits) % 4 == 1 else 0)]
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
