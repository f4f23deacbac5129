"""Files of hashes, read line by line: a hash, or `<signal type> <hash>` as python-threatexchange has it.

Real lists hold byte order marks, CRLF, upper case, comments and duplicates; all of these are taken. A line
that is no hash refuses the file, named by file and line: half a list would be a silent miss.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from upload_guard.errors import ListError
from upload_guard.records import SignalType

_LONGEST_LINE = 1024
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
_BY_NAME = {kind.value: kind for kind in SignalType}
# Sixteen digits are taken for pHash, as lists have it; a dHash must be named. Sixty-four could be SHA-256 or
# PDQ: never guess.
_BY_LENGTH = {kind.size * 2: kind for kind in (SignalType.MD5, SignalType.SHA1, SignalType.PHASH)}


@dataclass(frozen=True, slots=True)
class ListedHash:
    """One hash of a list file."""

    signal_type: SignalType
    value: bytes


def read_hashes(file: Path, signal_type: SignalType | None = None) -> Iterator[ListedHash]:
    """Every hash in `file`, in its order. `signal_type` is that of lines which name none.

    Raises `ListError`, at the latest when the bad line is reached.
    """
    try:
        with file.open("rb") as lines:
            number = 0
            while raw := lines.readline(_LONGEST_LINE + 1):
                number += 1
                words = _words(raw, f"{file}:{number}")
                if words:
                    yield _listed_hash(words, signal_type, f"{file}:{number}")
    except OSError as error:
        raise ListError(f"{file}: cannot be read: {error.strerror}") from None


def _words(raw: bytes, place: str) -> list[str]:
    if len(raw) > _LONGEST_LINE:
        raise ListError(f"{place}: is no hash: the line is longer than {_LONGEST_LINE} bytes")
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    return text.partition("#")[0].split()


def _listed_hash(words: list[str], given: SignalType | None, place: str) -> ListedHash:
    if len(words) > 2:
        raise ListError(f"{place}: is no hash: expected '<hash>' or '<type> <hash>', got {len(words)} words")
    named = _BY_NAME.get(words[0].lower()) if len(words) == 2 else None
    if len(words) == 2 and named is None:
        raise ListError(f"{place}: unknown signal type {words[0][:20]!r}: one of {', '.join(_BY_NAME)}")
    digits = words[-1]
    kind = named or given or _BY_LENGTH.get(len(digits))
    if not _HEXADECIMAL.fullmatch(digits):
        raise ListError(f"{place}: is no hash: {digits[:20]!r} is not hexadecimal")
    if kind is None and len(digits) == 64:
        raise ListError(f"{place}: 64 digits are SHA-256 or PDQ: say which with --signal-type")
    if kind is None or len(digits) != kind.size * 2:
        wanted = f"{kind.size * 2} digits for {kind}" if kind else "32, 40, 64 or 16 digits"
        raise ListError(f"{place}: is no hash: {len(digits)} digits, expected {wanted}")
    return ListedHash(kind, bytes.fromhex(digits))
