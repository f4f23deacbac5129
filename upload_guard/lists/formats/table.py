"""Tables of text with a header line, whatever separates their columns: what `columns` and `icse` read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from upload_guard.errors import ListError
from upload_guard.lists.formats.base import Opened, lines_of

_LONGEST_LINE = 64 << 10
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Header:
    """Column names, simplified: `SHA-1` is `sha1`, `Media Type` is `mediatype`."""

    delimiter: str
    names: tuple[str, ...]


def header_of(line: str) -> Header:
    """A header, by the separator that cuts it into the most columns; without names if its lines end in CR."""
    delimiter = max(_DELIMITERS, key=line.count)
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        cells = []
    return Header(delimiter, tuple(_simple(cell) for cell in cells))


def first_line(head: bytes) -> str:
    """The first line of a file's beginning that is neither empty nor a comment."""
    for line in head.decode("utf-8", "replace").splitlines():
        if not _is_remark(line):
            return line
    return ""


class Table:
    """A file's header, read at once, and the rows below it, to be read once. Raises `ListError`."""

    def __init__(self, file: Opened) -> None:
        self._file = file
        self._lines = lines_of(file, _LONGEST_LINE)
        self._header, self._at = Header(",", ()), 0
        for number, line in self._lines:
            if not _is_remark(line):
                self._header, self._at = header_of(line), number
                break
        if self._at and not self.names:
            raise ListError(f"{file.name}:{self._at}: is no header: its line does not end with LF")

    @property
    def names(self) -> tuple[str, ...]:
        return self._header.names

    def columns(self, *names: str) -> tuple[int, ...]:
        """The positions of the columns that have one of these names."""
        return tuple(at for at, name in enumerate(self.names) if name in names)

    def rows(self) -> Iterator[tuple[str, list[str]]]:
        """The place of each row, file and line, and a cell for each name; without empty ones and comments."""
        reader = csv.reader((line for _, line in self._lines), delimiter=self._header.delimiter)
        width, blanks = len(self.names), [""] * len(self.names)
        began = 0
        try:
            for cells in reader:
                place = f"{self._file.name}:{self._at + began + 1}"
                if reader.line_num > began + 1:
                    # Rows between a stray quote and the next one would be swallowed in silence.
                    raise ListError(f"{place}: is no row: a quote does not end on its line")
                began = reader.line_num
                cells = [cell.strip() for cell in cells]
                if not any(cells) or cells[0].startswith("#"):
                    continue
                if any(cells[width:]):
                    raise ListError(f"{place}: is no row: {len(cells)} cells, but the header names {width}")
                yield place, cells + blanks[len(cells) :]
        except csv.Error as error:
            raise ListError(f"{self._file.name}:{self._at + began + 1}: is no row: {error}") from None


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _simple(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())
