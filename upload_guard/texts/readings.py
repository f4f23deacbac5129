"""A text as its readers see it once they have undone the escapes that they know.

Sources: RFC 8259 section 7 (JSON), HTML Standard 13.5 (character references), CSS Syntax 3 section 4.3.7,
RFC 3986 section 2.1 (percent-encoding).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

_JSON = re.compile(r"\\{1,8}(?:u00([0-9A-Fa-f]{2})|([/nrt]))")
_CSS = re.compile(r"\\(?:([0-9A-Fa-f]{1,6})[ \t\r\n\f]?|(\r\n|[\r\n\f])|([^0-9A-Fa-f\r\n\f]))")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
# A character may be named with any number of zeros in front; what is longer still is none, and int() raises.
_ZEROS = re.compile(r"&#([xX]?)0+(?=[0-9A-Fa-f])")
_NO_CHARACTER = re.compile(r"&#[xX]?[0-9A-Fa-f]{9,};?")


def readings(text: str) -> Iterator[str]:
    """`text`, and what it becomes step by step: JSON's or CSS's escapes, character references, percents."""
    yield text
    read = text
    if "\\" in text:
        yield _CSS.sub(_css_character, text)
        read = _JSON.sub(_json_character, text)
        yield read
    if "&" in read:
        read = unescaped(read)
        yield read
    if _PERCENT.search(read):
        yield unquote_to_bytes(read.encode("utf-8", "surrogatepass")).decode("latin-1")


def unescaped(markup: str) -> str:
    """`markup` with its character references resolved, of any length."""
    return html.unescape(_NO_CHARACTER.sub("\ufffd", _ZEROS.sub(r"&#\1", markup)))


def _json_character(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return "/" if escape[2] == "/" else " "


def _css_character(escape: re.Match[str]) -> str:
    if escape[1]:
        number = int(escape[1], 16)
        return chr(number) if number < 0x110000 else "\ufffd"
    return escape[3] or ""
