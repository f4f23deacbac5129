"""Our own form: JSON Lines with all that is known of an entry. The files of stored versions are of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic_core import from_json

from upload_guard.errors import ListError
from upload_guard.lists.formats.base import ListedHash, Opened, hash_of, lines_of, moment_of, type_of, written
from upload_guard.records import Entry, SignalType

_LONGEST_LINE = 64 << 10
# In the words of Hasher-Matcher-Actioner's exchanges; "positive" and "seed" speak for an entry.
_AGAINST = ("negative", "disputed")


class JsonLines:
    """See the module: `{"type": ..., "value": ..., "category": ..., "since": ..., "opinion": ...}`.

    The last three are optional. What the supplier itself has an opinion against is left out.
    """

    name = "jsonl"

    def recognises(self, head: bytes) -> bool:
        return head.lstrip().startswith(b"{")

    def read(self, file: Opened) -> Iterator[ListedHash]:
        for number, line in lines_of(file, _LONGEST_LINE):
            if not line.strip():
                continue
            place = f"{file.name}:{number}"
            fields = _fields(line, place)
            one = _listed_hash(fields, place, file)
            opinion = _text(fields, "opinion", place)
            if opinion in _AGAINST:
                file.left_out[f"entries whose opinion is {opinion}"] += 1
            else:
                yield one


def _fields(line: str, place: str) -> dict[str, Any]:
    try:
        fields = from_json(line)
    except ValueError:
        raise ListError(f"{place}: is no hash: not a line of JSON") from None
    if not isinstance(fields, dict):
        raise ListError(f"{place}: is no hash: no object with 'type' and 'value'")
    return fields


def _listed_hash(fields: dict[str, Any], place: str, file: Opened) -> ListedHash:
    word = _text(fields, "type", place)
    kind = type_of(word, place) if word else file.given
    found, value = hash_of(_text(fields, "value", place), kind, place)
    return ListedHash(
        found,
        value,
        _text(fields, "category", place).strip(),
        moment_of(_text(fields, "since", place), place),
    )


def _text(fields: dict[str, Any], key: str, place: str) -> str:
    said = fields.get(key)
    if said is None:
        return ""
    if not isinstance(said, str):
        raise ListError(f"{place}: {key!r} is no text")
    return said


def json_line(kind: SignalType, value: bytes, category: str, since: datetime, opinion: str = "") -> str:
    """One entry to be written."""
    thought = f', "opinion": "{opinion}"' if opinion else ""
    return (
        f'{{"type": "{kind.value}", "value": "{value.hex()}", "category": {_quoted(category)}, '
        f'"since": "{written(since)}"{thought}}}\n'
    )


def json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Entries to be written."""
    return (json_line(entry.signal_type, entry.value, entry.category, entry.since) for entry in entries)


# A list of millions has few categories.
_quoted = lru_cache(1000)(json.dumps)
