"""What all forms of hash lists share: what is read of them, from what, and what makes a word a hash.

Real lists hold byte order marks, CRLF, upper case, comments and duplicates; all of these are taken. What is
no hash refuses the file, named by file and line: half a list would be a silent miss.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from io import BufferedReader
from typing import Protocol

from upload_guard.errors import ListError
from upload_guard.records import SignalType

BOM = b"\xef\xbb\xbf"
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
TYPES = {kind.value: kind for kind in SignalType}
# Sixteen digits are taken for pHash, as lists have it; a dHash must be named. Sixty-four could be SHA-256 or
# PDQ: never guess.
_BY_LENGTH = {kind.size * 2: kind for kind in (SignalType.MD5, SignalType.SHA1, SignalType.PHASH)}


@dataclass(frozen=True, slots=True)
class ListedHash:
    """One hash of a list file. `category` and `since` (UTC) are empty where the file does not say."""

    signal_type: SignalType
    value: bytes
    category: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A file being read. `given` is the type of hashes that name none.

    `left_out` counts what was understood and is no hash that could act, in words for a person.
    """

    name: str
    stream: BufferedReader
    given: SignalType | None = None
    left_out: Counter[str] = field(default_factory=Counter)


class Format(Protocol):
    """One form of hash lists."""

    @property
    def name(self) -> str:
        """As it is called on the command line."""
        ...

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins so, without its byte order mark, is of this form."""
        ...

    def read(self, file: Opened) -> Iterator[ListedHash]:
        """Every hash, in its order, in bounded memory; `ListError` when something that is none is reached."""
        ...


def lines_of(file: Opened, longest: int) -> Iterator[tuple[int, str]]:
    """The lines with their numbers from 1, as text, without the byte order mark."""
    number = 0
    while raw := file.stream.readline(longest + 1):
        number += 1
        if len(raw) > longest:
            raise ListError(f"{file.name}:{number}: is no hash: the line is longer than {longest} bytes")
        if number == 1:
            raw = raw.removeprefix(BOM)
        yield number, raw.decode("utf-8", "replace")


def hash_of(digits: str, kind: SignalType | None, place: str) -> tuple[SignalType, bytes]:
    """What hexadecimal digits are, told by their number where `kind` is None. `place` is for `ListError`."""
    kind = kind or _BY_LENGTH.get(len(digits))
    if kind is not None and len(digits) == kind.size * 2:
        try:
            return kind, bytes.fromhex(digits)
        except ValueError:
            pass
    raise ListError(f"{place}: {_fault(digits, kind)}")


def moment_of(text: str, place: str) -> datetime | None:
    """A time in ISO 8601, in UTC where it names no zone; None where there is none."""
    if not text:
        return None
    try:
        return _moment(text)
    except (ValueError, OverflowError):
        raise ListError(f"{place}: {text[:40]!r} is no time such as 2026-05-01T12:00:00Z") from None


# A list of millions has few moments at which its entries came.
@lru_cache(1000)
def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@lru_cache(1000)
def written(moment: datetime) -> str:
    """A time as `moment_of` reads it."""
    return moment.isoformat()


def type_of(word: str, place: str) -> SignalType:
    """The signal type that a word names."""
    try:
        return named_type(word.lower())
    except ValueError:
        known = ", ".join(TYPES)
        raise ListError(
            f"{place}: unknown signal type {word[:20]!r}: one of {known}, or a plug-in's, as neuralhash-96"
        ) from None


# A list of millions has few types.
named_type = lru_cache(64)(SignalType)


def _fault(digits: str, kind: SignalType | None) -> str:
    if not _HEXADECIMAL.fullmatch(digits):
        return f"is no hash: {digits[:20]!r} is not hexadecimal"
    if kind is None and len(digits) == 64:
        return "64 digits are SHA-256 or PDQ: say which with --signal-type"
    wanted = f"{kind.size * 2} digits for {kind}" if kind else "32, 40, 64 or 16 digits"
    return f"is no hash: {len(digits)} digits, expected {wanted}"
