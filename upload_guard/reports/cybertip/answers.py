"""What NCMEC answers, and what each code means for going on.

Codes: CyberTipline Reporting API Technical Documentation, D.1 (a list that it calls not exhaustive).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from http import HTTPStatus

from upload_guard.errors import TransportError, UpstreamGarbled, UpstreamMissing
from upload_guard.upstreams.asking import Reply
from upload_guard.upstreams.exchanges.paging import refuse_page_for_people
from upload_guard.upstreams.exchanges.xml import Element, entries_of

SUCCESS = 0
NO_SUCH_REPORT = 5001
RETRACTED = 5101
FINISHED = 5102
# 1xxx are faults of the server; whatever else it refuses, it would refuse again.
_SERVER_FAULTS = range(1000, 2000)
_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Answer:
    """`report`, `file` and `md5` are empty where it names none."""

    code: int
    said: str
    report: str
    file: str
    md5: str
    where: str

    def refused(self) -> TransportError:
        """What it means for a person; `permanent` unless the fault is NCMEC's own."""
        return TransportError(
            f"{self.where} answered with code {self.code}: {self.said or 'no word of why'}",
            permanent=self.code not in _SERVER_FAULTS,
        )


def answer_of(reply: Reply) -> Answer:
    """Raises `UpstreamGarbled` for what is no answer of NCMEC's, `UpstreamMissing` where it is that of
    somebody who knows no such address.
    """
    try:
        return _answer_of(reply)
    except UpstreamGarbled:
        if reply.status == HTTPStatus.OK:
            raise
        raise UpstreamMissing(f"{reply.where} answered with status {reply.status}") from None


def _answer_of(reply: Reply) -> Answer:
    refuse_page_for_people(reply)
    root = "reportDoneResponse" if b"<reportDoneResponse" in reply.body else "reportResponse"
    said: dict[str, str] = {}
    for parent, one in entries_of(io.BytesIO(reply.body), root, reply.where, depth=2):
        if parent == root:
            said.setdefault(one.name, _text(one))
    code = said.get("responseCode", "")
    if not re.fullmatch(r"[0-9]{1,6}", code):
        raise UpstreamGarbled(f"{reply.where} answers without a code")
    return Answer(
        int(code),
        "".join(char for char in said.get("responseDescription", "")[:300] if char.isprintable()),
        _id(said.get("reportId", ""), reply),
        _id(said.get("fileId", ""), reply),
        said.get("hash", "").lower(),
        reply.where,
    )


def _text(one: Element) -> str:
    return one.text.strip()


def _id(text: str, reply: Reply) -> str:
    if text and not _ID.fullmatch(text):
        raise UpstreamGarbled(f"{reply.where} names an id that is none")
    return text
