"""Text of mails: character sets, encoded words of headers, transfer encodings; read leniently.

Sources: RFC 2045 6 (transfer encodings), RFC 2047 (encoded words), RFC 2231.
"""

from __future__ import annotations

import binascii
import codecs
import quopri
import re
from email.errors import HeaderParseError
from email.header import decode_header

from upload_guard.texts.base64s import decoded as from_base64

HEADER_CHARS = 4_000
"""Of one header no more is read: the library's parsers take the square of the length of some."""
# Codecs of Python that are no character sets, or take the square of their input's length.
_NO_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def text_of(content: bytes, charset: str) -> tuple[str, bool]:
    """`content` as text, and whether it could be read as `charset` says, or as UTF-8."""
    marked = [name for mark, name in _BOMS if content.startswith(mark)]
    for name in (*marked, charset or "utf-8", "utf-8"):
        try:
            if codecs.lookup(name).name.replace("-", "_") not in _NO_CHARSETS:
                return content.decode(name), True
        except (LookupError, ValueError):
            continue
    # What most mail that lies about its character set is in; every byte of it stands for something.
    return content.decode("cp1252", "replace"), False


def header_text(value: str | None) -> str:
    """The words of a header on one line, whatever they were encoded in; at most 4,000 characters."""
    if not value:
        return ""
    raw = str(value)[:HEADER_CHARS]
    try:
        pieces = decode_header(raw)
    except (HeaderParseError, ValueError):
        pieces = [(raw, None)]
    text = "".join(_word(piece, charset) for piece, charset in pieces)
    return _CONTROLS.sub(" ", text).strip()


def _word(piece: str | bytes, charset: str | None) -> str:
    # The library hands 8-bit bytes on as surrogates.
    raw = piece.encode("utf-8", "surrogateescape") if isinstance(piece, str) else piece
    return text_of(raw, charset or "utf-8")[0]


def transfer_decoded(content: bytes, encoding: str) -> bytes:
    """By a Content-Transfer-Encoding; as it stands where that says nothing, or something unknown."""
    name = encoding.strip().lower()
    if "base64" in name:
        return from_base64(content)
    if "quoted-printable" in name:
        return quopri.decodestring(content)
    if "uu" in name:
        return _from_uuencode(content)
    return content


_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\r\n]*\r?\n", re.MULTILINE)


def _from_uuencode(content: bytes) -> bytes:
    begin = _UU_BEGIN.search(content)
    if not begin:
        return content
    lines = []
    for line in content[begin.end() :].splitlines():
        if line.rstrip() == b"end":
            break
        try:
            # Encoders pad lines in their own ways; only as many characters count as the first one says.
            lines.append(binascii.a2b_uu(line[: 1 + ((line[0] - 32 & 63) * 4 + 2) // 3]) if line else b"")
        except binascii.Error:
            continue
    return b"".join(lines)
