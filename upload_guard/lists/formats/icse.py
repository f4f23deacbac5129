"""The baseline CSV of Interpol's ICSE database: one row a file, with MD5 and SHA-1.

Its column `Baseline` makes the category: `baseline`, or `other` for the rest. PhotoDNA cannot be compared,
and videos are not looked at: both are left out, and counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from upload_guard.errors import ListError
from upload_guard.lists.formats.base import ListedHash, Opened, hash_of
from upload_guard.lists.formats.table import Row, first_line, header_of, rows_of
from upload_guard.records import SignalType

_KINDS = {"md5": SignalType.MD5, "sha1": SignalType.SHA1}
_YES = {"true", "yes", "y", "1", "baseline"}
_NO = {"false", "no", "n", "0", ""}


class Icse:
    """See the module."""

    name = "icse"

    def recognises(self, head: bytes) -> bool:
        return {"md5", "sha1", "imageid", "mediatype", "baseline"} <= set(header_of(first_line(head)).names)

    def read(self, file: Opened) -> Iterator[ListedHash]:
        for row in rows_of(file):
            category = _category(row)
            # What is not said to be a video is kept: a digest too many costs nothing.
            if row.cell("mediatype").lower().startswith("video"):
                file.left_out["videos"] += 1
                continue
            if row.cell("photodna"):
                file.left_out["PhotoDNA hashes"] += 1
            digests = [(_KINDS[name], text) for name, text in row.cells if text and name in _KINDS]
            if not digests:
                file.left_out["images without MD5 and SHA-1"] += 1
            for kind, digits in digests:
                yield ListedHash(*hash_of(digits, kind, row.place), category)


def _category(row: Row) -> str:
    said = row.cell("baseline").lower()
    if said in _YES:
        return "baseline"
    if said in _NO:
        return "other"
    raise ListError(f"{row.place}: Baseline is {said[:20]!r}, neither yes nor no")
