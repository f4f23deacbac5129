"""CSV with a header: columns named by signal type, or `hash` and `type`; besides `category` and `since`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from upload_guard.errors import ListError
from upload_guard.lists.formats.base import TYPES, ListedHash, Opened, hash_of, moment_of, type_of
from upload_guard.lists.formats.table import Row, first_line, header_of, rows_of
from upload_guard.records import Entry, SignalType

_HASH = ("hash", "value", "signal")
_TYPE = ("type", "signaltype", "hashtype", "algorithm")


class Columns:
    """See the module. Other columns are passed over; a row without any hash refuses the file."""

    name = "csv"

    def recognises(self, head: bytes) -> bool:
        return any(name in TYPES or name in _HASH for name in header_of(first_line(head)).names)

    def read(self, file: Opened) -> Iterator[ListedHash]:
        for row in rows_of(file):
            category, since = row.cell("category"), moment_of(row.cell("since"), row.place)
            found = 0
            for kind, value in _hashes(row, file):
                found += 1
                yield ListedHash(kind, value, category, since)
            if not found:
                raise ListError(f"{row.place}: holds no hash")


def _hashes(row: Row, file: Opened) -> Iterator[tuple[SignalType, bytes]]:
    word = next((text for column, text in row.cells if column in _TYPE and text), "")
    named = type_of(word, row.place) if word else file.given
    for column, text in row.cells:
        if text and column in TYPES:
            yield hash_of(text, TYPES[column], row.place)
        elif text and column in _HASH:
            yield hash_of(text, named, row.place)


def csv_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """The same to be written, one hash a row."""
    yield "type,hash,category,since\n"
    for entry in entries:
        yield (
            f"{entry.signal_type},{entry.value.hex()},{_quoted(entry.category)},{entry.since.isoformat()}\n"
        )


def _quoted(text: str) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([text])
    return out.getvalue()
