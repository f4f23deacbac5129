"""What a Content-Type says, where an application may go by it and read other letters than were searched."""

from __future__ import annotations

import codecs
import re
import string

from upload_guard.errors import AmbiguousRequest, UnsupportedEncoding

_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([^"';\s]*)""", re.IGNORECASE)
# Base64, the marks of JSON, XML and data: URIs, and how UTF-7 and Python's escape codecs write a slash.
_PROBE = string.ascii_letters + string.digits + "+/=-_:;,.{}[]<>&%#!? +AC8- \\u002f \\x2f"
# Told by their NUL bytes when texts are searched.
_WIDE = {f"utf-{width}{order}" for width in (16, 32) for order in ("", "-le", "-be")}

FORM = "multipart/form-data"
# As all parsers read them alike: parameters either plain tokens or quoted, each once.
# RFC 7578 section 4.2; WHATWG HTML, "multipart form data".
PARAMETER = r"""[ \t]*;[ \t]*([A-Za-z0-9_-]+\*?)=("(?:[^"\\]|\\.)*"|[^\s";]+)"""
_CONTENT_TYPE = re.compile(rf"multipart/form-data(?:{PARAMETER})*(?:[ \t]*;)?", re.IGNORECASE | re.ASCII)
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
# RFC 9110, section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def check_type(content_type: str) -> None:
    """Whether what was searched is what an application reads under this type.

    Raises `UnsupportedEncoding` for a charset in which ASCII is not ASCII (EBCDIC, UTF-7, escape codecs), and
    `AmbiguousRequest` for a multipart type that only some frameworks take for one.
    """
    for charset in _CHARSET.findall(content_type):
        if not _is_like_ascii(charset):
            raise UnsupportedEncoding(f"charset {charset[:40]!r}")
    lower = content_type.strip().lower()
    if "multipart/" in lower.partition(";")[0] and not lower.startswith("multipart/"):
        raise AmbiguousRequest("Content-Type is malformed")


def _is_like_ascii(charset: str) -> bool:
    """Also where the name means nothing: no application can read by it then."""
    try:
        if codecs.lookup(charset).name in _WIDE:
            return True
        # Shift JIS has a yen sign in the place of the backslash.
        return _PROBE.encode().decode(charset).replace("\xa5", "\\") == _PROBE
    except (LookupError, ValueError) as error:
        return not isinstance(error, UnicodeError)


def is_form(content_type: str) -> bool:
    """Any multipart type: frameworks differ in which ones they read as a form, and only one is taken here."""
    return content_type.strip().lower().startswith("multipart/")


def boundary_of(content_type: str) -> str:
    """The boundary of a form. Raises `AmbiguousRequest` for a type that parsers could read differently."""
    content_type = content_type.strip()
    if not _CONTENT_TYPE.fullmatch(content_type) or not content_type.isascii():
        raise AmbiguousRequest("form: Content-Type is malformed")
    boundary = parameters(content_type).get("boundary", "").strip('"')
    if not _BOUNDARY.fullmatch(boundary):
        raise AmbiguousRequest("form: no boundary that RFC 2046 allows")
    return boundary


def plain_boundary(content_type: str) -> str:
    """The boundary of a form that goes on as it came. Raises `AmbiguousRequest` for one that needs quotes.

    Parsers end an unquoted value at different characters; where a form is rebuilt that does no harm.
    """
    written = parameters(content_type).get("boundary", "")
    if not (written.startswith('"') or _TOKEN.fullmatch(written)):
        raise AmbiguousRequest("form: a boundary that would need quotes")
    return boundary_of(content_type)


def parameters(header: str) -> dict[str, str]:
    """Names in lower case with their values as written; raises `AmbiguousRequest` for a name given twice."""
    found = [(name.lower(), value) for name, value in re.findall(PARAMETER, header, re.ASCII)]
    names = {name.rstrip("*") if name.startswith("boundary") else name for name, _ in found}
    if len(names) != len(found):
        raise AmbiguousRequest("form: a parameter given twice")
    return dict(found)
