"""A message taken apart into the parts that a person would be shown, with bounds on each thing that grows.

The library parses heads. It does not take bodies apart: it tests each line for the boundary of each level and
recurses at each, so that a small message can keep it busy for hours.

Sources: RFC 5322 2.2 (heads), RFC 2046 5 (multipart, message/rfc822).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from upload_guard.notices.mail.decoding import HEADER_CHARS, header_text, transfer_decoded

MOST_BYTES = 25 << 20
"""Of one message; mail servers commonly take no more."""
MOST_PARTS = 500
MOST_DEPTH = 12
_HEAD_BYTES = 4 << 20
_HEAD = re.compile(rb"(?:[^\s:]++[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+(?:\n|\Z))*+")
_MAILBOX_LINE = re.compile(rb"\A\s*>?From [^\r\n]*\r?\n")
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})


@dataclass(frozen=True, slots=True)
class Part:
    """A part that holds no others. `content` is as it was sent; `read` decodes it."""

    media_type: str
    headers: Message = field(repr=False)
    content: bytes = field(repr=False)
    depth: int

    def read(self) -> bytes:
        """By its transfer encoding."""
        return transfer_decoded(self.content, str(self.headers.get("Content-Transfer-Encoding", "")))

    @property
    def charset(self) -> str:
        return _parameter(self.headers, "charset")

    @property
    def file_name(self) -> str:
        """As the sender calls it; empty where it does not."""
        try:
            return header_text(self.headers.get_filename())[:200]
        except Exception:  # noqa: BLE001 - the library fails in many ways at odd names; any will do
            return ""

    @property
    def is_message(self) -> bool:
        """By its type, or by its name where a program did not know the type."""
        return self.media_type in _MESSAGES or self.file_name.lower().endswith(".eml")

    @property
    def attached(self) -> bool:
        """Whether it was sent to be opened, and not to be looked at with the text."""
        if str(self.headers.get("Content-Disposition", "")).strip().lower().startswith("inline"):
            return False
        return "Content-ID" not in self.headers


@dataclass(frozen=True, slots=True)
class Taken:
    """A message's `parts` in its order, heads of the messages in it, and `faults`: what was not read."""

    headers: Message
    parts: tuple[Part, ...]
    inner: tuple[Message, ...]
    faults: tuple[str, ...]


def take_apart(raw: bytes) -> Taken:
    """Never fails: what is no message at all is one part of text."""
    faults: list[str] = []
    if len(raw) > MOST_BYTES:
        faults.append(f"the mail has {len(raw)} bytes; what stands behind {MOST_BYTES} was not read")
        raw = raw[:MOST_BYTES]
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    headers, body = _split_head(_MAILBOX_LINE.sub(b"", raw, count=1))
    parts: list[Part] = []
    inner: list[Message] = []
    waiting = [Part(_type_of(headers), headers, body, 0)]
    while waiting:
        if len(parts) == MOST_PARTS:
            faults.append(f"the mail has more than {MOST_PARTS} parts; the others were not read")
            break
        part = waiting.pop()
        holds = list(_within(part)) if part.depth < MOST_DEPTH else []
        if not holds and part.depth >= MOST_DEPTH and _is_nested(part):
            faults.append(
                f"parts lie more than {MOST_DEPTH} deep in each other; those were read as text only"
            )
        if holds and part.is_message:
            inner.append(holds[0].headers)
        if not holds:
            parts.append(part)
        waiting.extend(reversed(holds))
    return Taken(headers, tuple(parts), tuple(inner), tuple(dict.fromkeys(faults)))


def _is_nested(part: Part) -> bool:
    return part.is_message or part.media_type.startswith("multipart/")


def _within(part: Part) -> Iterator[Part]:
    """What a part holds, if others; none where it does not hold what it says."""
    if part.is_message:
        headers, body = _split_head(part.read().lstrip())
        yield Part(_type_of(headers), headers, body, part.depth + 1)
    elif part.media_type.startswith("multipart/"):
        implied = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        for piece in _pieces(part):
            headers, body = _split_head(piece)
            yield Part(_type_of(headers, implied), headers, body, part.depth + 1)


def _pieces(part: Part) -> Iterator[bytes]:
    """Between the lines of a multipart's boundary; what no last line closes is there all the same."""
    boundary = _parameter(part.headers, "boundary")
    if not boundary:
        return
    content = part.read()
    line = re.compile(
        rb"^--" + re.escape(boundary.encode("utf-8", "surrogateescape")) + rb"(--)?[ \t]*(?:\r?\n|\Z)",
        re.MULTILINE,
    )
    start = None
    for number, found in enumerate(line.finditer(content)):
        if start is not None:
            yield content[start : found.start()].removesuffix(b"\n").removesuffix(b"\r")
        start = found.end()
        if found[1] or number > MOST_PARTS:
            return
    if start is not None:
        yield content[start:]


def _split_head(raw: bytes) -> tuple[Message, bytes]:
    """The first line that is no header ends the head; what follows is what was to be read."""
    found = _HEAD.match(raw, 0, _HEAD_BYTES)
    head = found[0] if found else b""
    parsed = BytesHeaderParser(policy=compat32).parsebytes(head)
    bounded = Message(compat32)
    for name, value in parsed.raw_items():
        bounded[name] = str(value)[:HEADER_CHARS]
    return bounded, raw[len(head) :].removeprefix(b"\r").removeprefix(b"\n")


def _type_of(headers: Message, implied: str = "text/plain") -> str:
    return headers.get_content_type() if headers.get("Content-Type") else implied


def _parameter(headers: Message, name: str) -> str:
    """Of the content type; empty where there is none, or none that could be read."""
    try:
        value = headers.get_param(name, "")
    except Exception:  # noqa: BLE001 - the library fails in many ways at odd parameters
        return ""
    # RFC 2231: character set, language, value.
    return str(value[2] if isinstance(value, tuple) else value).strip()
