"""Text of strangers (a file's name, an account) as it may stand in a paper that others open."""

from __future__ import annotations

import unicodedata

# Controls, format characters such as those that turn the direction of reading, halves of pairs, private use,
# and the two that break a line or paragraph in some readers only.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def legible(text: str) -> str:
    """The same with what cannot be seen written out, as in `\\u202e`: nothing is lost, XML can hold it."""
    return "".join(_written_out(char) if unicodedata.category(char) in _UNSEEN else char for char in text)


def legible_lines(text: str) -> str:
    """The same, where lines may break."""
    return "\n".join(legible(line) for line in text.splitlines())


def _written_out(char: str) -> str:
    point = ord(char)
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
