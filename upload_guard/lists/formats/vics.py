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
_BEGINS = {"start_map", "start_array"}
_ENDS = {"end_map", "end_array"}
# A medium lies in the list of media in the envelope; real ones have a few levels more.
_MEDIUM, _DEEPEST = 3, 64
_NESTED = object()
_Event = tuple[int, str, Any]
"""What ijson says, after how many openings that are not closed: event and value."""
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
            for number, medium in enumerate(_media(file), start=1):
                yield from _hashes(medium, f"{file.name}: medium {number}", file)
        except ijson.JSONError as error:
            raise ListError(f"{file.name}: is not JSON after medium {number}: {_one_line(error)}") from None


def _media(file: Opened) -> Iterator[dict[str, Any]]:
    """The fields of each medium; what is nested in one is not built, only known to be no text.

    ijson's own `items` would take memory by the square of the depth.
    """
    events, key = _with_depth(file), ""
    for depth, event, said in events:
        if depth == 1 and event == "map_key":
            key = said
        elif depth == 2 and event == "start_array" and key == "value":
            yield from _items(file, events)


def _items(file: Opened, events: Iterator[_Event]) -> Iterator[dict[str, Any]]:
    """The media of the list that has just begun."""
    for _, event, _ in events:
        if event == "end_array":
            return
        if event != "start_map":
            raise ListError(f"{file.name}: is no VICS: {event} among its media")
        yield _fields(events)


def _fields(events: Iterator[_Event]) -> dict[str, Any]:
    """The fields of the medium that has just begun."""
    medium: dict[str, Any] = {}
    field = ""
    for depth, event, said in events:
        if depth == _MEDIUM - 1:
            break
        if event == "map_key" and depth == _MEDIUM:
            field = said
        elif depth == _MEDIUM and event not in _ENDS:
            medium[field] = said
        elif depth == _MEDIUM + 1 and event in _BEGINS:
            medium[field] = _NESTED
    return medium


def _with_depth(file: Opened) -> Iterator[_Event]:
    depth = 0
    for event, said in ijson.basic_parse(file.stream):
        if event in _BEGINS:
            depth += 1
            if depth > _DEEPEST:
                raise ListError(f"{file.name}: is no VICS: more than {_DEEPEST} levels deep")
        elif event in _ENDS:
            depth -= 1
        yield depth, event, said


def _refuse_other_versions(file: Opened) -> None:
    """By what stands before the media; of another version nobody knows what its keys mean."""
    found = _ENVELOPE.search(file.stream.peek(_HEAD)[:_HEAD])
    if found is None:
        raise ListError(f"{file.name}: is no VICS: nothing before its media says so")
    key, said = (part.decode("utf-8", "replace").replace("\\/", "/") for part in found.groups())
    if not said.endswith(_ENDINGS[key]):
        raise ListError(f"{file.name}: is neither VICS 1.3 nor 2.0: its {key} ends {said[-40:]!r}")


def _hashes(medium: dict[str, Any], place: str, file: Opened) -> Iterator[ListedHash]:
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


def _one_line(error: Exception) -> str:
    """The parser's words, without the bytes that it shows."""
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return text.partition("\n")[0]
