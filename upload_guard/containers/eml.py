"""Mail and mailboxes, saved web pages (MHTML): attachments, inline parts and messages inside messages.

Sources: RFC 5322 (headers), RFC 2045 6 (transfer encodings), RFC 2046 5 (multipart, message/rfc822), POSIX
uuencode.
"""

from __future__ import annotations

import binascii
import email.message
import email.parser
import email.policy
import quopri
import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from upload_guard.containers.base import Found, Inner, locked, read_whole, readable_name
from upload_guard.containers.carried import carried_files
from upload_guard.errors import Unreadable
from upload_guard.imaging.budget import Budget
from upload_guard.texts.base64s import decoded
from upload_guard.texts.mail import begins_mail

_UU_BEGIN = re.compile(rb"^begin(-base64)? [0-7]{3,4} ([^\r\n]*)\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^(?:end|====)[ \t]*$", re.MULTILINE)
_PARTS = 10_000


class Eml:
    name = "eml"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:  # noqa: ARG002 - the head says all
        return begins_mail(head)

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:  # noqa: ARG002 - the caller counts
        text = read_whole(stream).lstrip()
        for number, part in enumerate(chain.from_iterable(map(_parts, _messages(text))), 1):
            if number > _PARTS:
                raise Unreadable("too_many_files")
            if not part.is_multipart():
                yield from _part(part, number)


def _messages(text: bytes) -> Iterator[bytes]:
    """One, or those of a mailbox (RFC 4155), where a line "From " behind an empty one begins the next."""
    starts = [found.start() for found in _MAILBOX.finditer(text)] if text.startswith(b"From ") else [0]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield text[start:end]


_MAILBOX = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]*\r?\n")


def _parts(message: bytes) -> Iterator[email.message.Message]:
    return email.parser.BytesParser(policy=email.policy.compat32).parsebytes(message).walk()


def _part(part: email.message.Message, number: int) -> Iterator[Found]:
    """The decoded content, and what its text holds in data: URIs or uuencoded.

    A multipart that the parser could not take apart arrives here as text: it is looked through as text.
    """
    name = _file_name(part, f"part {number}")
    try:
        content = _decoded(part)
    except (ValueError, binascii.Error):
        yield Inner(name, chunks=locked(Unreadable("damaged")))
        return
    if part.get_content_maintype() == "text" or part.get_content_maintype() == "multipart":
        for inner in carried_files(content):
            yield Inner(f"{name}, {inner.name}", chunks=inner.chunks)
        yield from _uu_files(content)
    yield Inner(name, chunks=(content,))


def _decoded(part: email.message.Message) -> bytes:
    """By the transfer encoding, taken as leniently as readers do; by the parser's own bytes otherwise."""
    payload = part.get_payload()
    raw = payload.encode("ascii", "surrogateescape") if isinstance(payload, str) else b""
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if "base64" in encoding:
        return decoded(raw)
    if "quoted-printable" in encoding:
        return quopri.decodestring(raw)
    if "uu" in encoding:
        return next((b"".join(inner.chunks) for inner in _uu_files(raw)), raw)
    return raw


def _uu_files(text: bytes) -> Iterator[Inner]:
    at = 0
    while begin := _UU_BEGIN.search(text, at):
        end = _UU_END.search(text, begin.end())
        at = end.end() if end else len(text)
        body = text[begin.end() : end.start() if end else at]
        yield Inner(readable_name(begin[2], "uuencoded"), chunks=_uudecoded(body, bool(begin[1])))


def _uudecoded(body: bytes, base64: bool) -> Iterator[bytes]:
    if base64:
        yield decoded(body)
        return
    for line in body.splitlines():
        if line.strip():
            # Encoders pad lines in their own ways; only as many characters count as the first one says.
            yield binascii.a2b_uu(line[: 1 + ((line[0] - 32 & 63) * 4 + 2) // 3])


def _file_name(part: email.message.Message, fallback: str) -> str:
    try:
        return readable_name(part.get_filename() or "", fallback)
    except Exception:  # noqa: BLE001 - a name in an odd character set; the part is what matters
        return fallback
