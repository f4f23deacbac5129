"""Files in texts: data: URIs, base64, raw bytes. Sources: RFC 2397, RFC 4648.

Applications decode base64 leniently (Python's own decoder skips what is not of the alphabet), so this does.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from upload_guard.errors import Unreadable
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.texts.mail import begins_mail

SHORTEST = 40
"""Shorter texts hold no picture that anybody could recognise."""

# No colon in the parameters: a text of nothing but "data:" must not be searched again from each of them.
_DATA_URI = re.compile(r"data:([^,:\"'<>()]{0,200}),([^\"'<>()\s]*(?:\s+[A-Za-z0-9+/=_-]+)*)", re.IGNORECASE)
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))
_SAME = bytes(range(256))
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_URL_SAFE_TEXT = str.maketrans("-_", "+/")
_IN_ALPHABET = re.compile(r"[A-Za-z0-9+/_-]")
_NOT_URL_SAFE = bytes(set(_NOT_BASE64) - set(b"-_"))

# How the first bytes of pictures and of files that hold pictures begin in base64, in both alphabets: letters
# that must be there, looked for first since that costs next to nothing, and the whole beginning.
_STARTS = (
    ("9j", "[/_]9j[/_]"),  # JPEG
    ("iVBORw0KGg", "iVBORw0KGg"),  # PNG
    ("R0lGOD", "R0lGOD[dl]h"),  # GIF
    ("UklGR", "UklGR"),  # RIFF: WebP
    ("SUk", "SUkqA|SUkrA"),  # TIFF
    ("TU0AK", "TU0AK"),
    ("Qk", "Qk[0-3][A-Za-z0-9+/_-]"),  # BMP
    ("AAABAA", "AAABAA"),  # ICO
    ("AAAADGp", "AAAADGp"),  # JPEG 2000, JPEG XL
    ("U", "[/_]0[/_][/_]U"),  # JPEG 2000's bare codestream
    ("Z0eX", "AAAA[A-Za-z0-9+/_-][GWm2]Z0eX[A-D]"),  # ftyp: AVIF, HEIC
    ("UEs", "UEsDB|UEsFB"),  # ZIP
    ("JVBERi", "JVBERi"),  # PDF
    ("H4sI", "H4sI"),  # gzip
    ("FBWSZT", "Qlpo[MNO][A-Za-z0-9]FBWSZT"),  # bzip2
    ("Td6WFo", "[/_]Td6WFo"),  # xz
    ("N3q8ry", "N3q8ry"),  # 7z
    ("UmFyIRoH", "UmFyIRoH"),  # RAR
    ("PHN2Z", "PHN2Z"),  # SVG
    ("PD94b", "PD94b"),  # XML
    ("PCFET", "PCFET"),
    ("77u", "77u[/_]"),
    ("OEJQUw", "OEJQUw"),  # PSD
    ("JSFQU", "JSFQU"),  # EPS
)
# At the start of a word only: long base64 of anything holds each of these somewhere by chance.
_ANCHORS = tuple((letters, re.compile(rf"(?<![A-Za-z0-9+/=_-])(?:{start})")) for letters, start in _STARTS)
_RUN = re.compile(r"[A-Za-z0-9+/_=\s-]+")
_HEAD_RUN = re.compile(r"[A-Za-z0-9+/_=\s-]{40,8192}")
_MOST_WORDS = 2000
_ESCAPE = re.compile(r"\\{1,8}(?:u00([0-9A-Fa-f]{2})|([/nrt]))")
_HOLDS_FILES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"%PDF-",
    b"\x1f\x8b\x08",
    *(b"BZh%d1AY&SY" % level for level in range(1, 10)),
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
)


def payloads(text: str) -> Iterator[bytes]:
    """Every image, or file that may hold images, that an application could decode out of `text`.

    Raises `Unreadable` for a text made of nothing but their beginnings.
    """
    if len(text) < SHORTEST:
        return
    yield from _in_data_uris(text)
    yield from _as_whole(text)
    yield from _in_words(text)
    if "\\" in text:
        # JSON within a field or within JSON: PHP and others write / as \/ there.
        unescaped = _ESCAPE.sub(_character, text)
        yield from _in_data_uris(unescaped)
        yield from _in_words(unescaped)


def _character(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return "/" if escape[2] == "/" else " "


def worth_checking(data: bytes) -> bool:
    """Whether these bytes are an image, or a kind of file that is opened to look for images."""
    head = data[:HEAD]
    if head.startswith(_BY_CHANCE):
        return False
    if sniff(head) is not None or head.startswith(_HOLDS_FILES) or head[257:262] == b"ustar":
        return True
    return _is_markup(head)


def _worth_decoding(data: bytes) -> bool:
    """The same of what was encoded. A message that stands in a text as it is needs no second look."""
    return worth_checking(data) or begins_mail(data[:HEAD])


def _is_markup(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and b"<svg" in head.lower()


# The start of a bare JPEG XL codestream is two bytes: one text in 65,536 decodes to that.
_BY_CHANCE = b"\xff\x0a"


def _in_data_uris(text: str) -> Iterator[bytes]:
    for parameters, payload in _DATA_URI.findall(text):
        percent_decoded = unquote_to_bytes(payload.encode("utf-8", "surrogatepass"))
        if parameters.strip().lower().endswith("base64"):
            yield from _from_base64(percent_decoded.decode("latin-1"))
        elif worth_checking(percent_decoded):
            yield percent_decoded
    if text[:5].lower() == "data:":
        # Applications that cut at the comma decode the rest as it stands, percent signs and all.
        yield from _from_base64(text.partition(",")[2])


def _as_whole(text: str) -> Iterator[bytes]:
    """The whole value, as raw bytes or as base64 with anything in between that decoders skip."""
    if text.isascii():
        yield from _from_base64(text)
        return
    raw = text.encode("latin-1", "replace")
    if worth_checking(raw):
        yield raw


def _in_words(text: str) -> Iterator[bytes]:
    """Base64 that begins somewhere in a text as an image does, up to where its alphabet ends.

    Raises `Unreadable` where so many begin that the search itself would be the attack.
    """
    for letters, anchor in _ANCHORS:
        if letters not in text:
            continue
        at = tries = 0
        while start := anchor.search(text, at):
            at, tries = start.end(), tries + 1
            if tries > _MOST_WORDS:
                raise Unreadable("too_many_files", "too many beginnings of images in one text")
            head = _HEAD_RUN.match(text, start.start())
            if head is None or not any(map(worth_checking, _decodings(head[0]))):
                continue
            run = _RUN.match(text, start.start())
            if run is not None:
                at = run.end()
                yield from _from_base64(run[0])


def _from_base64(text: str) -> Iterator[bytes]:
    """What `text` decodes to, if that begins as a file worth checking: most texts are told by their head."""
    end = text.find("=")
    encoded = text if end < 0 else text[:end]
    # Junk that decoders skip may fill the head, so its length is that of what is left.
    if any(map(_worth_decoding, _decodings(encoded[: 4 * HEAD]))) or len(encoded) > 4 * HEAD:
        yield from filter(_worth_decoding, _decodings(encoded))
    if encoded is not text and _IN_ALPHABET.search(text, end):
        yield from _beyond_padding(text)


def _beyond_padding(text: str) -> Iterator[bytes]:
    """As decoders read on behind a `=`: PHP's passes over it, Python's where no byte is left to fill up."""
    if not any(map(_worth_decoding, _decodings(text[: 4 * HEAD].replace("=", "")))):
        return
    yield from filter(_worth_decoding, _decodings(text.replace("=", "")))
    for digits in {text, text.translate(_URL_SAFE_TEXT)}:
        try:
            python = binascii.a2b_base64(digits.encode("latin-1", "replace") + b"===")
        except binascii.Error:
            continue
        if _worth_decoding(python):
            yield python


def _decodings(encoded: str) -> Iterator[bytes]:
    """Decoded as far as it goes. `-` and `_` are of one alphabet; a decoder of the other skips them."""
    digits = encoded.encode("latin-1", "replace")
    yield _decoded(digits.translate(_URL_SAFE, _NOT_URL_SAFE))
    if b"-" in digits or b"_" in digits:
        yield _decoded(digits.translate(_SAME, _NOT_BASE64))


def _decoded(digits: bytes) -> bytes:
    whole = digits[: len(digits) - (1 if len(digits) % 4 == 1 else 0)]
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
