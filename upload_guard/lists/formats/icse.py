"""The baseline CSV of Interpol's ICSE database: one row a file, with MD5 and SHA-1.

Its column `Baseline` makes the category: `baseline`, or `other` for the rest. PhotoDNA cannot be compared,
and videos are not looked at: both are left out, and counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from upload_guard.errors import ListError
from upload_guard.lists.formats.base import ListedHash, Opened, hash_of
from upload_guard.lists.formats.table import Table, first_line, header_of
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
        table = Table(file)
        digests = [(at, _KINDS[name]) for at, name in enumerate(table.names) if name in _KINDS]
        baseline, media, photodna = (table.columns(name) for name in ("baseline", "mediatype", "photodna"))
        for place, cells in table.rows():
            category = _category("".join(cells[at] for at in baseline), place)
            # What is not said to be a video is kept: a digest too many costs nothing.
            if any(cells[at].lower().startswith("video") for at in media):
                file.left_out["videos"] += 1
                continue
            if any(cells[at] for at in photodna):
                file.left_out["PhotoDNA hashes"] += 1
            hashes = [hash_of(cells[at], kind, place) for at, kind in digests if cells[at]]
            if not hashes:
                file.left_out["images without MD5 and SHA-1"] += 1
            for one in hashes:
                yield ListedHash(*one, category)


def _category(said: str, place: str) -> str:
    if said.lower() in _YES:
        return "baseline"
    if said.lower() in _NO:
        return "other"
    raise ListError(f"{place}: Baseline is {said[:20]!r}, neither yes nor no")
