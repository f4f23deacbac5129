"""Plain text: a data: URI or base64 as the whole body, or somewhere in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

_UTF_16 = {b"\xff\xfe", b"\xfe\xff"}
_WIDE_STARTS = {start for letter in b'{["<' for start in (bytes([letter, 0]), bytes([0, letter]))}
_CONTROL = bytes(set(range(0x20)) - set(b"\t\n\f\r\x1b"))
_RARELY = 0.05
_ALMOST_ALL = 0.9
_A_FEW = 8


class PlainText:
    """Whatever looks like text; it costs one search where there is nothing."""

    name = "text"

    def carries(self, media_type: str, head: bytes) -> bool:
        return media_type.startswith("text/") or looks_like_text(head)

    def holds_fields(self, media_type: str) -> bool:
        del media_type
        return False

    def texts(self, body: bytes) -> Iterator[str]:
        yield from decodings(body)


def looks_like_text(head: bytes) -> bool:
    """Text has no NUL bytes, or one in every letter, or somebody put a few in to look binary.

    Control characters are rare in it, and every tenth byte of what is compressed or encrypted. Programs have
    their letters in tables, with NUL bytes all over.
    """
    if head[:2] in _UTF_16 or head[:2] in _WIDE_STARTS:
        return True
    visible = head.replace(b"\0", b"")
    nuls = len(head) - len(visible)
    if nuls > max(_A_FEW, _RARELY * len(head)) and not _is_wide(head):
        return False
    return len(visible) > 0 and len(visible) - len(visible.translate(None, _CONTROL)) <= _RARELY * len(
        visible
    )


def _is_wide(head: bytes) -> bool:
    """Whether the high bytes of UTF-16 or UTF-32 letters are NUL: all in their places, and nowhere else."""
    even, odd = head[::2], head[1::2]
    most, least = sorted((even.count(0) / len(even), odd.count(0) / max(1, len(odd))), reverse=True)
    return most >= _ALMOST_ALL and (least <= _RARELY or 1 / 3 <= least <= 2 / 3)


def decodings(body: bytes) -> Iterator[str]:
    """In Latin-1, since base64 is ASCII in most encodings, and in what a mark or NUL bytes tell of."""
    yield body.decode("latin-1")
    encoding = json.detect_encoding(body)
    if not encoding.startswith("utf-8"):
        yield body.decode(encoding, "replace")
