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
