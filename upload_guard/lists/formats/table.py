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


@dataclass(frozen=True, slots=True)
class Row:
    """One line: pairs of a column's name and its cell. `place` names file and line."""

    place: str
    cells: tuple[tuple[str, str], ...]

    def cell(self, name: str) -> str:
        """The first cell of that name, or nothing."""
        return next((text for column, text in self.cells if column == name), "")


def header_of(line: str) -> Header:
    """A header, by the separator that cuts it into the most columns."""
    delimiter = max(_DELIMITERS, key=line.count)
    cells = next(csv.reader([line], delimiter=delimiter), [])
    return Header(delimiter, tuple(_simple(cell) for cell in cells))


def first_line(head: bytes) -> str:
    """The first line of a file's beginning that is neither empty nor a comment."""
    for line in head.decode("utf-8", "replace").splitlines():
        if not _is_remark(line):
            return line
    return ""


def rows_of(file: Opened) -> Iterator[Row]:
    """The rows below the header, without empty ones and comments. Raises `ListError`."""
    lines = lines_of(file, _LONGEST_LINE)
    header, at = _find_header(lines)
    reader = csv.reader((line for _, line in lines), delimiter=header.delimiter)
    while True:
        place = f"{file.name}:{at + reader.line_num + 1}"
        began = reader.line_num
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ListError(f"{place}: is no row: {error}") from None
        if cells is None:
            return
        if reader.line_num > began + 1 or any("\n" in cell or "\r" in cell for cell in cells):
            # Rows between a stray quote and the next one would be swallowed in silence.
            raise ListError(f"{place}: is no row: a quote does not end on its line")
        cells = [cell.strip() for cell in cells]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if any(cells[len(header.names) :]):
            raise ListError(
                f"{place}: is no row: {len(cells)} cells, but the header names {len(header.names)}"
            )
        yield Row(place, tuple(zip(header.names, cells, strict=False)))


def _find_header(lines: Iterator[tuple[int, str]]) -> tuple[Header, int]:
    for number, line in lines:
        if not _is_remark(line):
            return header_of(line), number
    return Header(",", ()), 0


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _simple(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())
