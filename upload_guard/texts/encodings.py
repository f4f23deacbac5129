"""Files in texts: data: URIs, base64, raw bytes. Sources: RFC 2397, RFC 4648."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from upload_guard.errors import Unreadable
from upload_guard.texts.base64s import from_base64, starts
from upload_guard.texts.kinds import begins_markup, may_begin, worth_checking, worth_decoding
from upload_guard.texts.readings import readings

SHORTEST = 40
"""Shorter texts hold no picture that anybody could recognise."""

# No colon in the parameters: a text of nothing but "data:" must not be searched again from each of them. The
# type may be left out; white space within the data, and between the letters of the scheme, is passed over.
_DATA_URI = re.compile(
    r"d[\t\r\n]*a[\t\r\n]*t[\t\r\n]*a[\t\r\n]*:([^,:\"'<>()]*+),([^\"'<>()\s]*+(?:\s++[A-Za-z0-9+/=_%-]++)*+)",
    re.IGNORECASE,
)

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
    ("PCEtL", "PCEtL"),  # a comment
    ("77u", "77u[/_]"),
    ("48A", "[/_][/_]48A"),  # markup in UTF-16
    ("v8AP", "[/_]v8AP"),
    ("v8AP", "[/_]v8AP"),
    ("OEJQUw", "OEJQUw"),  # PSD
    ("JSFQU", "JSFQU"),  # EPS
)
# At the start of a word only: long base64 of anything holds each of these somewhere by chance.
_ANCHORS = tuple((letters, re.compile(rf"(?<![A-Za-z0-9+/])(?:{start})")) for letters, start in _STARTS)
_RUN = re.compile(r"[A-Za-z0-9+/_=\s-]+")
_SHORT_RUN = re.compile(r"[A-Za-z0-9+/_=\s-]{40,72}")
_HEAD_RUN = re.compile(r"[A-Za-z0-9+/_=\s-]{40,8192}")


class Finder:
    """Finds files in the texts of one request, or of one file: all of them share what the search may cost."""

    def __init__(self, most_looks: int = 100_000, most_beginnings: int = 2000) -> None:
        self._looks = most_looks
        self._beginnings = most_beginnings

    def payloads(self, text: str) -> Iterator[bytes]:
        """Every image, or file that may hold images, that an application could decode out of `text`.

        The same bytes may come more than once. Raises `Unreadable` for texts made of nothing but beginnings
        of images.
        """
        if len(text) < SHORTEST:
            return
        if not text.isascii():
            raw = text.encode("latin-1", "replace")
            if worth_checking(raw):
                yield raw
        for reading in readings(text):
            yield from _in_data_uris(reading)
            yield from from_base64(reading)
            yield from self._in_words(reading)

    def _in_words(self, text: str) -> Iterator[bytes]:
        """Base64 that begins somewhere in a text as an image does, up to where its alphabet ends."""
        for letters, anchor in _ANCHORS:
            if letters not in text:
                continue
            at = 0
            while start := anchor.search(text, at):
                at = start.end()
                if not self._begins(text, start.start()):
                    continue
                run = _RUN.match(text, start.start())
                if run is not None:
                    at = run.end()
                    yield from from_base64(run[0])

    def _begins(self, text: str, at: int) -> bool:
        self._looks -= 1
        short = _SHORT_RUN.match(text, at)
        likely = short is not None and any(map(may_begin, starts(short[0])))
        self._beginnings -= likely
        if min(self._looks, self._beginnings) < 0:
            raise Unreadable("too_many_files", "too many beginnings of images in one text")
        if not likely:
            return False
        head = _HEAD_RUN.match(text, at)
        return head is not None and any(map(_worth_a_run, starts(head[0])))


def _worth_a_run(head: bytes) -> bool:
    return begins_markup(head) or worth_decoding(head)


def _in_data_uris(text: str) -> Iterator[bytes]:
    for parameters, payload in _DATA_URI.findall(text):
        percent_decoded = unquote_to_bytes(payload.encode("utf-8", "surrogatepass"))
        if parameters.strip().lower().endswith("base64"):
            yield from from_base64(percent_decoded.decode("latin-1"))
        elif worth_checking(percent_decoded):
            yield percent_decoded
    if text[:5].lower() == "data:":
        # Applications that cut at the comma decode the rest as it stands, percent signs and all.
        yield from from_base64(text.partition(",")[2])
