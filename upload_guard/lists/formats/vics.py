"""VICS JSON 1.3 and 2.0 of Project VIC: an OData envelope around media with MD5, SHA1 and Category.

The category is the supplier's own number, kept as its name; `[lists.NAME.actions]` says what it may cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import ijson

from upload_guard.errors import ListError
from upload_guard.lists.formats.base import BOM, ListedHash, Opened, hash_of
from upload_guard.records import SignalType

_ENDINGS = {
    "odata.metadata": "1.3.xml#Media",
    "@odata.context": "2.0.xml/Default/$metadata#Media",
}
_ENVELOPE = re.compile(rb'"(odata\.metadata|@odata\.context)"\s*:\s*"([^"]*)"')
_HEAD = 4096
_KINDS = {"md5": SignalType.MD5, "sha1": SignalType.SHA1, "sha256": SignalType.SHA256}


class Vics:
    """See the module. Parsed by ijson, one medium after another."""

    name = "vics"

    def recognises(self, head: bytes) -> bool:
        return head.lstrip().startswith(b"{") and _ENVELOPE.search(head[:_HEAD]) is not None

    def read(self, file: Opened) -> Iterator[ListedHash]:
        _refuse_other_versions(file)
        if file.stream.peek(len(BOM)).startswith(BOM):
            file.stream.read(len(BOM))
        number = 0
        try:
            for number, medium in enumerate(ijson.items(file.stream, "value.item", use_float=True), start=1):
                yield from _hashes(medium, f"{file.name}: medium {number}", file)
        except ijson.JSONError as error:
            raise ListError(f"{file.name}: is not JSON after medium {number}: {error}") from None


def _refuse_other_versions(file: Opened) -> None:
    """By what stands before the media; of another version nobody knows what its keys mean."""
    found = _ENVELOPE.search(file.stream.peek(_HEAD)[:_HEAD])
    if found is None:
        raise ListError(f"{file.name}: is no VICS: nothing before its media says so")
    key, said = (part.decode("utf-8", "replace").replace("\\/", "/") for part in found.groups())
    if not said.endswith(_ENDINGS[key]):
        raise ListError(f"{file.name}: is neither VICS 1.3 nor 2.0: its {key} ends {said[-40:]!r}")


def _hashes(medium: Any, place: str, file: Opened) -> Iterator[ListedHash]:
    if not isinstance(medium, dict):
        raise ListError(f"{place}: is no medium")
    fields = {name.lower(): said for name, said in medium.items()}
    category = fields.get("category")
    if isinstance(category, bool) or not isinstance(category, int | str | None):
        raise ListError(f"{place}: its Category is no number")
    name = "" if category is None else str(category).strip()
    digests = [(kind, fields[key]) for key, kind in _KINDS.items() if fields.get(key)]
    if not digests:
        file.left_out["media without MD5 and SHA-1"] += 1
    for kind, digits in digests:
        if not isinstance(digits, str):
            raise ListError(f"{place}: its {kind} is no text")
        yield ListedHash(*hash_of(digits.strip(), kind, place), name)
