"""CSV with a header: columns named by signal type, or `hash` and `type`; besides `category` and `since`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from functools import lru_cache

from upload_guard.errors import ListError
from upload_guard.lists.formats.base import TYPES, ListedHash, Opened, hash_of, moment_of, type_of, written
from upload_guard.lists.formats.table import Table, first_line, header_of
from upload_guard.records import Entry

_HASH = ("hash", "value", "signal")
_TYPE = ("type", "signaltype", "hashtype", "algorithm")


class Columns:
    """See the module. Other columns are passed over; a row without any hash refuses the file."""

    name = "csv"

    def recognises(self, head: bytes) -> bool:
        return any(name in TYPES or name in _HASH for name in header_of(first_line(head)).names)

    def read(self, file: Opened) -> Iterator[ListedHash]:
        table = Table(file)
        named = [(at, TYPES[name]) for at, name in enumerate(table.names) if name in TYPES]
        bare, types = table.columns(*_HASH), table.columns(*_TYPE)
        categories, dates = table.columns("category"), table.columns("since")
        for place, cells in table.rows():
            word, category = _first(cells, types), _first(cells, categories)
            since = moment_of(_first(cells, dates), place)
            kind = type_of(word, place) if word else file.given
            hashes = [hash_of(cells[at], own, place) for at, own in named if cells[at]]
            hashes += [hash_of(cells[at], kind, place) for at in bare if cells[at]]
            if not hashes:
                raise ListError(f"{place}: holds no hash")
            for one in hashes:
                yield ListedHash(*one, category, since)


def _first(cells: list[str], columns: tuple[int, ...]) -> str:
    """What the first of `columns` says that says anything."""
    for at in columns:
        if cells[at]:
            return cells[at]
    return ""


def csv_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """The same to be written, one hash a row."""
    yield "type,hash,category,since\n"
    for entry in entries:
        yield (f"{entry.signal_type},{entry.value.hex()},{_quoted(entry.category)},{written(entry.since)}\n")


@lru_cache(1000)
def _quoted(text: str) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([text])
    return out.getvalue()
