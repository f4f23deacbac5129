"""A stand-in for NCMEC's Reporting API, after its public documentation: it keeps to the order of steps, takes
details once a file, deletes what is not finished in time, and can fail at each step, before or after it has
taken what came.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.parser import BytesParser
from typing import Literal

from tests.reports.known import at
from tests.upstreams.stand_in import Asked, Reply
from upload_guard.reports.cybertip.schema import check

STEPS = ("submit", "upload", "fileinfo", "finish")
Failing = Literal["is broken", "has a fault", "loses the answer", "answers for people", "gives half"]
FAILINGS: tuple[Failing, ...] = (
    "is broken",
    "has a fault",
    "loses the answer",
    "answers for people",
    "gives half",
)
_LOGIN = "Basic " + b64encode(b"usr123:pswd123").decode()
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass
class Opened:
    """A report on their side."""

    xml: ET.Element
    opened: datetime
    changed: datetime
    files: dict[str, bytes] = field(default_factory=dict)
    details: dict[str, ET.Element] = field(default_factory=dict)
    finished: bool = False
    retracted: bool = False


@dataclass
class Ispws:
    """`failing` are steps that fail once, and how."""

    now: datetime = field(default_factory=lambda: at(12))
    reports: dict[str, Opened] = field(default_factory=dict)
    failing: dict[str, Failing] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> Reply:
        step = asked.path.rpartition("/")[2]
        self.steps.append(step)
        failing = self.failing.pop(step, None)
        if failing == "is broken":
            return Reply(b"<html>", 502)
        if failing == "has a fault":
            return _said(1000, "Server error")
        if failing == "answers for people":
            return Reply(b"<!DOCTYPE html><p>Maintenance")
        if asked.headers.get("Authorization") != _LOGIN:
            return Reply(status=401)
        reply = getattr(self, f"_{step}")(asked)
        if failing == "loses the answer":
            return Reply(b"", 503)
        if failing == "gives half":
            return Reply(reply.body[:40], announced=len(reply.body))
        return reply

    def _submit(self, asked: Asked) -> Reply:
        assert asked.headers["Content-Type"] == "text/xml; charset=utf-8"
        number = str(4564654 + len(self.reports))
        self.reports[number] = Opened(check(_parsed(asked)), self.now, self.now)
        return _said(0, report=number)

    def _upload(self, asked: Asked) -> Reply:
        fields = _form(asked)
        report, refusal = self._open(fields["id"].decode())
        if report is None:
            return refusal
        file = hashlib.md5(f"{len(report.files)}".encode()).hexdigest()
        report.files[file] = fields["file"]
        report.changed = self.now
        return _said(0, report=fields["id"].decode(), file=file, md5=hashlib.md5(fields["file"]).hexdigest())

    def _fileinfo(self, asked: Asked) -> Reply:
        details = check(_parsed(asked))
        number, file = details.findtext("reportId", ""), details.findtext("fileId", "")
        report, refusal = self._open(number)
        if report is None:
            return refusal
        if file not in report.files:
            return _said(5002, "File does not exist")
        if file in report.details:
            return _said(4000, "Details of the file were given already")
        report.details[file] = details
        report.changed = self.now
        return _said(0, report=number)

    def _finish(self, asked: Asked) -> Reply:
        number = _form(asked)["id"].decode()
        report, refusal = self._open(number)
        if report is None:
            return refusal
        report.finished = True
        files = "".join(f"<fileId>{one}</fileId>" for one in report.files)
        return Reply(
            f"<reportDoneResponse><responseCode>0</responseCode><reportId>{number}</reportId>"
            f"<files>{files}</files></reportDoneResponse>".encode()
        )

    def _retract(self, asked: Asked) -> Reply:
        number = _form(asked)["id"].decode()
        report, refusal = self._open(number)
        if report is None:
            return refusal
        report.retracted = True
        return _said(0, report=number)

    def _open(self, number: str) -> tuple[Opened | None, Reply]:
        report = self.reports.get(number)
        if report is None or self._vanished(report):
            return None, _said(5001, "Report does not exist")
        if report.retracted:
            return None, _said(5101, "Report already retracted")
        if report.finished:
            return None, _said(5102, "Report already finished")
        return report, Reply()

    def _vanished(self, report: Opened) -> bool:
        return not report.finished and self.now > max(report.opened + _DAY, report.changed + _HOUR)

    @property
    def finished(self) -> list[Opened]:
        return [one for one in self.reports.values() if one.finished]


def _parsed(asked: Asked) -> ET.Element:
    return ET.fromstring(asked.body)  # noqa: S314 - what our own sender wrote


def _form(asked: Asked) -> dict[str, bytes]:
    head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + asked.body).get_payload()
    found = {}
    for part in parts:
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        found[str(name)] = part.get_payload(decode=True)  # type: ignore[union-attr]
    return found  # type: ignore[return-value]


def _said(code: int, words: str = "Success", report: str = "", file: str = "", md5: str = "") -> Reply:
    more = "".join(
        f"<{name}>{text}</{name}>"
        for name, text in (("reportId", report), ("fileId", file), ("hash", md5))
        if text
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><reportResponse>'
        f"<responseCode>{code}</responseCode><responseDescription>{words}</responseDescription>"
        f"{more}</reportResponse>"
    )
    return Reply(body.encode(), 200 if code == 0 else 400)
