"""Files in texts: data: URIs, base64, raw bytes. Sources: RFC 2397, RFC 4648.

Applications decode base64 leniently (Python's own decoder skips what is not of the alphabet), so this does.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from upload_guard.imaging.formats import HEAD, sniff

# Shorter ones hold no picture that anybody could recognise.
_SHORTEST = 40

_DATA_URI = re.compile(r"data:([^,\"'<>()]{0,200}),([^\"'<>()\s]*(?:\s+[A-Za-z0-9+/=_-]+)*)", re.IGNORECASE)
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")
_URL_SAFE = str.maketrans("-_", "+/")

# How the first bytes of pictures and of files that hold pictures begin in base64, in both alphabets.
_STARTS = (
    "[/_]9j[/_]",  # JPEG
    "iVBORw0KGg",  # PNG
    "R0lGOD[dl]h",  # GIF
    "UklGR",  # RIFF: WebP
    "SUkqA|SUkrA|TU0AK",  # TIFF
    "Qk[0-3][A-Za-z0-9+/_-]",  # BMP
    "AAABAA",  # ICO
    "AAAADGp",  # JPEG 2000, JPEG XL
    "[/_]0[/_][/_]U",  # JPEG 2000's bare codestream
    "AAAA[A-Za-z0-9+/_-][GWm2]Z0eX[A-D]",  # ftyp: AVIF, HEIC
    "UEsDB|UEsFB",  # ZIP
    "JVBERi",  # PDF
    "H4sI",  # gzip
    "PHN2Z|PD94b|PCFET|77u[/_]",  # SVG, XML
    "OEJQUw|JSFQU",  # PSD, EPS
)
# At the start of a word only: long base64 of anything holds each of these somewhere by chance.
_ANCHOR = re.compile(rf"(?<![A-Za-z0-9+/=_-])(?:{'|'.join(_STARTS)})")
_RUN = re.compile(r"[A-Za-z0-9+/_=\s-]+")
_HOLDS_FILES = (b"PK\x03\x04", b"PK\x05\x06", b"%PDF-", b"\x1f\x8b\x08")


def payloads(text: str) -> Iterator[bytes]:
    """Every image, or file that may hold images, that an application could decode out of `text`."""
    if len(text) < _SHORTEST:
        return
    for found in _candidates(text):
        if worth_checking(found):
            yield found


def worth_checking(data: bytes) -> bool:
    """Whether these bytes are an image, or a kind of file that is opened to look for images."""
    head = data[:HEAD]
    if head.startswith(_BY_CHANCE):
        return False
    return sniff(head) is not None or head.startswith(_HOLDS_FILES) or b"<svg" in head.lower()


# The start of a bare JPEG XL codestream is two bytes: one text in 65,536 decodes to that.
_BY_CHANCE = b"\xff\x0a"


def _candidates(text: str) -> Iterator[bytes]:
    for parameters, payload in _DATA_URI.findall(text):
        percent_decoded = unquote_to_bytes(payload)
        if parameters.strip().lower().endswith("base64"):
            yield from _from_base64(percent_decoded.decode("latin-1"))
        else:
            yield percent_decoded
    if text[:5].lower() == "data:":
        # Applications that cut at the comma decode the rest as it stands, percent signs and all.
        yield from _from_base64(text.partition(",")[2])
    # The whole value, as raw bytes and as base64 with anything in between that decoders skip.
    if text.isascii():
        yield from _from_base64(text)
    else:
        yield text.encode("latin-1", "replace")
    yield from _words(text)


def _words(text: str) -> Iterator[bytes]:
    """Base64 that begins somewhere in a text as an image does, up to where its alphabet ends."""
    at = 0
    while anchor := _ANCHOR.search(text, at):
        run = _RUN.match(text, anchor.start())
        at = anchor.end()
        if run and len(run[0]) >= _SHORTEST and any(map(worth_checking, _from_base64(run[0][:HEAD]))):
            yield from _from_base64(run[0])
            at = max(at, run.end())


def _from_base64(text: str) -> Iterator[bytes]:
    """Decoded as far as it goes; `=` ends it, as it does for every decoder.

    A decoder of the other alphabet skips `-` and `_`, so a text that has them has two readings.
    """
    encoded = text.partition("=")[0]
    yield _decoded(encoded.translate(_URL_SAFE))
    if "-" in encoded or "_" in encoded:
        yield _decoded(encoded)


def _decoded(digits: str) -> bytes:
    kept = _NOT_BASE64.sub("", digits)
    whole = kept[: len(kept) - (1 if len(kept) % 4 == 1 else 0)]
    return binascii.a2b_base64(whole + "=" * (-len(whole) % 4))
