"""XML of others, read piece by piece, without anything that reaches beyond it or grows: no document type, so
no entity of any kind, and bounds on depth, children and text. Source: XML 1.0; the Python documentation,
"XML vulnerabilities" (pyexpat, which parses, knows these attacks only in part).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, NoReturn
from xml.parsers import expat

from upload_guard.errors import UpstreamGarbled

_DEEPEST = 32
_MOST_CHILDREN = 20_000
_MOST_TEXT = 1 << 20
# Expat begins anew with what a piece has cut in two: small ones make one long token a matter of hours.
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Element:
    """One element; `text` is what stands directly in it. Names are without their namespace."""

    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple[Element, ...]

    def child(self, name: str) -> Element | None:
        """The first of that name."""
        return next((one for one in self.children if one.name == name), None)

    def said(self, name: str) -> str:
        """The text of the first child of that name, empty where there is none."""
        child = self.child(name)
        return child.text.strip() if child else ""


@dataclass(slots=True)
class _Open:
    """An element whose end has not come."""

    name: str
    attributes: Mapping[str, str]
    text: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)


class _Reading:
    """What expat tells of one file. Elements at `depth` are done when they end; nothing above is kept."""

    def __init__(self, name: str, depth: int) -> None:
        self._name = name
        self._depth = depth
        self._open: list[_Open] = []
        self._size = 0
        self._count = 0
        self.root = ""
        self.done: list[tuple[str, Element]] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse_types
        self.parser.EntityDeclHandler = self._refuse_types
        self.parser.ExternalEntityRefHandler = self._refuse_types

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _DEEPEST:
            self._fault(f"is nested deeper than {_DEEPEST} elements")
        self._open.append(_Open(_local(name), {_local(key): value for key, value in attributes.items()}))
        self.root = self.root or self._open[0].name
        if len(self._open) >= self._depth:
            self._count += 1
        if self._count > _MOST_CHILDREN:
            self._fault(f"has an entry of more than {_MOST_CHILDREN} elements")

    def _end(self, _name: str) -> None:
        depth, one = len(self._open), self._open.pop()
        if depth < self._depth:
            return
        element = Element(one.name, one.attributes, "".join(one.text), tuple(one.children))
        if depth > self._depth:
            self._open[-1].children.append(element)
            return
        self.done.append((self._open[-1].name, element))
        self._size = self._count = 0

    def _text(self, text: str) -> None:
        if len(self._open) < self._depth:
            return
        self._size += len(text)
        if self._size > _MOST_TEXT:
            self._fault(f"has an entry with more than {_MOST_TEXT} characters")
        self._open[-1].text.append(text)

    def _refuse_types(self, *_said: object) -> NoReturn:
        self._fault("declares a document type or entities, which nothing here needs")

    def _fault(self, why: str) -> NoReturn:
        raise UpstreamGarbled(f"{self._name} {why}")


def entries_of(stream: BinaryIO, root: str, name: str, depth: int = 3) -> Iterator[tuple[str, Element]]:
    """The elements at `depth` below `root`, which is at 1, each with its parent's name, as they end.

    `name` is for `UpstreamGarbled`, raised at the latest where the document is not whole.
    """
    reading = _Reading(name, depth)
    try:
        last = False
        while not last:
            piece = stream.read(_PIECE)
            last = not piece
            reading.parser.Parse(piece, last)
            if reading.root and reading.root != root:
                raise UpstreamGarbled(f"{name} gives {reading.root[:40]!r} where {root!r} was asked for")
            yield from reading.done
            reading.done.clear()
    except expat.ExpatError as error:
        # It may show what a token looked like; the place is enough.
        where = f"line {error.lineno}, {expat.ErrorString(error.code)}"
        raise UpstreamGarbled(f"{name} is no XML, or half of it ({where})") from None
    except (LookupError, ValueError):
        raise UpstreamGarbled(f"{name} is XML in an encoding that is not read here") from None


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
