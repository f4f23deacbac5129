"""Takes a report to NCMEC: submit, upload of the text sheet, file details, finish. Goes on where it was left.

NCMEC counts only finished reports: an unfinished one is deleted 24 hours after it was opened or an hour after
its last change, whichever is later, and answers with 5001 from then on; it is then submitted anew. An answer
that was lost is no second report: an opened one without an id vanishes by itself, and a finished one says so
(5102). Once finished nothing can be retracted. Source: see `paper`.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from urllib3 import encode_multipart_formdata

from upload_guard.errors import NotWithdrawable, TransportError, UpstreamError, UpstreamRefused
from upload_guard.reports.cybertip.answers import (
    FINISHED,
    NO_SUCH_REPORT,
    RETRACTED,
    SUCCESS,
    Answer,
    answer_of,
)
from upload_guard.reports.papers import Paper, Progress, Sent
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.deadline import Deadline

TEST = "https://exttest.cybertip.org/ispws"
_XML = {"Content-Type": "text/xml; charset=utf-8"}
# Codes of invalid requests.
_INVALID = range(4000, 5000)
# Which of them its error codes come with is not documented.
_WITH_A_CODE = frozenset(
    {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE}
)


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far NCMEC has come with it: its ids, empty where there is none yet.

    `resumed`: the file is of an earlier attempt, which may have told its details already.
    """

    report: str = ""
    file: str = ""
    detailed: bool = False
    finished: bool = False
    resumed: bool = False

    @classmethod
    def of(cls, progress: Progress) -> _Reached:
        return cls(
            str(progress.get("report", "")),
            str(progress.get("file", "")),
            bool(progress.get("detailed", False)),
            bool(progress.get("finished", False)),
            resumed=bool(progress.get("file", "")),
        )

    def progress(self) -> Progress:
        return {
            "report": self.report,
            "file": self.file,
            "detailed": self.detailed,
            "finished": self.finished,
        }


class _Vanished(Exception):
    """NCMEC has deleted the unfinished report."""


@dataclass(frozen=True, slots=True)
class CyberTipSender:
    """To the API at `base`, as whom `asker` logs in; `seconds` are for each step."""

    base: str
    asker: Asker = field(repr=False)
    seconds: float = 60.0

    def send(self, paper: Paper, so_far: Progress, note: Callable[[Progress], None]) -> Sent:
        """See `Sender`."""
        reached = _Reached.of(so_far)
        try:
            return self._to_the_end(paper, reached, note)
        except _Vanished:
            note({})
        try:
            return self._to_the_end(paper, _Reached(), note)
        except _Vanished:
            raise TransportError(f"{self.base} has forgotten the report that it had just opened") from None

    def withdraw(self, paper: Paper, so_far: Progress, because: str) -> None:  # noqa: ARG002 - as senders are
        """See `Sender`: only what is not finished."""
        reached = _Reached.of(so_far)
        if not reached.report:
            return
        answer = None if reached.finished else self._ask("retract", *_form(id=reached.report))
        if answer is None or answer.code == FINISHED:
            raise NotWithdrawable(
                f"NCMEC takes back no report that is finished: write to it about its report {reached.report}"
            )
        if answer.code not in {SUCCESS, NO_SUCH_REPORT, RETRACTED}:
            raise answer.refused()

    def _to_the_end(self, paper: Paper, reached: _Reached, note: Callable[[Progress], None]) -> Sent:
        """Raises `_Vanished`."""
        parts = _Parts.of(paper)
        steps = (self._submitted, self._uploaded, self._detailed, self._finished)
        for step in steps:
            further = step(parts, reached)
            if further != reached:
                note(further.progress())
            reached = further
            if reached.finished:
                break
        return Sent(reached.report, acknowledged=True)

    def _submitted(self, parts: _Parts, reached: _Reached) -> _Reached:
        if reached.report:
            return reached
        answer = self._ask("submit", parts.report, _XML)
        if answer.code != SUCCESS:
            raise answer.refused()
        if not answer.report:
            raise TransportError(f"{answer.where} took the report and gave it no id")
        return _Reached(answer.report)

    def _uploaded(self, parts: _Parts, reached: _Reached) -> _Reached:
        """A sheet whose answer was lost is uploaded again: twice in one report, it does no harm."""
        if reached.file or not parts.sheet:
            return reached
        sheet = ("details.txt", parts.sheet, "text/plain; charset=utf-8")
        answer = self._in_report("upload", *_form(id=reached.report, file=sheet))
        if answer.code == FINISHED:
            return replace(reached, finished=True)
        if not answer.file:
            raise TransportError(f"{answer.where} took the sheet and gave it no id")
        if answer.md5 and answer.md5 != hashlib.md5(parts.sheet, usedforsecurity=False).hexdigest():
            raise TransportError(f"{answer.where} did not get the sheet whole")
        return replace(reached, file=answer.file)

    def _detailed(self, parts: _Parts, reached: _Reached) -> _Reached:
        if reached.detailed or not reached.file:
            return reached
        # They are taken once for each file: a refusal now means that only their answer was lost.
        told_before = _INVALID if reached.resumed else range(0)
        body = parts.details(reached.report, reached.file)
        answer = self._in_report("fileinfo", body, _XML, told_before)
        return replace(reached, detailed=True, finished=answer.code == FINISHED)

    def _finished(self, parts: _Parts, reached: _Reached) -> _Reached:  # noqa: ARG002 - as steps are
        self._in_report("finish", *_form(id=reached.report))
        return replace(reached, finished=True)

    def _in_report(self, step: str, body: bytes, headers: dict[str, str], enough: range = range(0)) -> Answer:
        """An answer with success, or that the report is finished already: an answer was lost, then.

        `enough` are codes that do as well.
        """
        answer = self._ask(step, body, headers)
        if answer.code in {NO_SUCH_REPORT, RETRACTED}:
            raise _Vanished
        if answer.code not in {SUCCESS, FINISHED} and answer.code not in enough:
            raise answer.refused()
        return answer

    def _ask(self, step: str, body: bytes, headers: dict[str, str]) -> Answer:
        try:
            with Deadline(self.seconds) as deadline:
                ask = Ask("POST", f"{self.base}/{step}", body, headers)
                reply = self.asker.ask(ask, deadline, _WITH_A_CODE)
            return answer_of(reply)
        except UpstreamError as error:
            raise TransportError(str(error), permanent=isinstance(error, UpstreamRefused)) from error


@dataclass(frozen=True, slots=True)
class _Parts:
    """What of a paper goes where. `sheet` is empty where only the report is sent."""

    report: bytes
    sheet: bytes
    file_details: ET.Element | None

    @classmethod
    def of(cls, paper: Paper) -> _Parts:
        root = ET.fromstring(paper.content)  # noqa: S314 - our own paper, as it was sealed
        report = root.find("report")
        if report is None:
            raise TransportError("the paper holds no report to NCMEC", permanent=True)
        sheet = (root.findtext("sheet") or "").encode()
        return cls(_document(report), sheet, root.find("fileDetails"))

    def details(self, report: str, file: str) -> bytes:
        """The file details with the ids that NCMEC gave."""
        if self.file_details is None:
            raise TransportError("the paper holds no file details", permanent=True)
        for name, value in (("reportId", report), ("fileId", file)):
            place = self.file_details.find(name)
            if place is not None:
                place.text = value
        return _document(self.file_details)


def _document(element: ET.Element) -> bytes:
    written: bytes = ET.tostring(element, encoding="utf-8", xml_declaration=True)
    return written


def _form(**fields: str | tuple[str, bytes, str]) -> tuple[bytes, dict[str, str]]:
    """A body of multipart/form-data and its header."""
    body, kind = encode_multipart_formdata(fields)
    return body, {"Content-Type": kind}
