"""data: URIs in text: in attributes, in CSS, in HTML; base64 and percent-encoded.

Sources: RFC 2397 (data), RFC 3986 2.1 (percent-encoding), XML 1.0 4.1 (character references), CSS Syntax 3
4.3.7 (escapes). Found by looks and not by a parser: readers of markup disagree, and a miss would be silent.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from upload_guard.containers.base import Inner
from upload_guard.errors import Unreadable

_REFERENCE = re.compile(
    rb"&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|(colon|comma|sol|semi|plus|equals|Tab|NewLine));?"
)
_NAMED = {
    b"colon": b":",
    b"comma": b",",
    b"sol": b"/",
    b"semi": b";",
    b"plus": b"+",
    b"equals": b"=",
    b"Tab": b"\t",
    b"NewLine": b"\n",
}
_CSS_ESCAPE = re.compile(rb"\\([0-9A-Fa-f]{1,6})[ \t\r\n\f]?|\\(?:\r\n|[\r\n\f])|\\([:;,/+=])")
# The type may be left out, as prose does not: else every "data: this, that" in a text would be a file.
_URI = re.compile(
    rb"d[\t\r\n]*a[\t\r\n]*t[\t\r\n]*a[\t\r\n]*:"
    rb"(?P<type>(?:\s*[\w.+-]{1,64}/[\w.+-]{1,64})?(?:;[^,\"'<>()]{0,256})?\s*),(?P<data>[^\"'<>()]*)",
    re.IGNORECASE,
)
_BASE64 = re.compile(rb";\s*base64\s*$", re.IGNORECASE)
_FILLER = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"))
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def data_uris(text: bytes) -> Iterator[Inner]:
    """Each data: URI in UTF-8 `text` with what it holds, character references and CSS escapes resolved."""
    plain = _REFERENCE.sub(_character, text)
    if b"\\" in plain:
        plain = _CSS_ESCAPE.sub(_unescaped, plain)
    for number, found in enumerate(_URI.finditer(plain), 1):
        yield Inner(f"data: URI {number}", chunks=_content(found["type"], found["data"]))


def _content(media_type: bytes, data: bytes) -> Iterator[bytes]:
    raw = unquote_to_bytes(data) if b"%" in data else data
    yield from64(raw) if _BASE64.search(unquote_to_bytes(media_type)) else raw


def from64(data: bytes) -> bytes:
    """Base64 as lenient readers take it (RFC 2045, 6.8): other characters passed over, padding not needed."""
    digits = data.split(b"=", 1)[0].translate(_URL_SAFE, b"").translate(None, _FILLER)
    digits = digits[: len(digits) - 1] if len(digits) % 4 == 1 else digits
    try:
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))
    except binascii.Error as error:
        raise Unreadable("damaged", "base64") from error


def _character(found: re.Match[bytes]) -> bytes:
    if found[3]:
        return _NAMED[found[3]]
    return _utf8(int(found[1], 16) if found[1] else int(found[2]))


def _unescaped(found: re.Match[bytes]) -> bytes:
    return _utf8(int(found[1], 16)) if found[1] else found[2] or b""


def _utf8(number: int) -> bytes:
    return chr(number).encode("utf-8", "replace") if number < 0x110000 else b""
