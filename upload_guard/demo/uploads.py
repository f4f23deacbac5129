"""The four uploads of the demonstration, and what each must lead to."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import requests
from PIL import Image

from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.quarantine.cases import CaseInfo, Cases
from upload_guard.records import Content

LISTED_SEEDS = (11, 12)
ORDINARY_SEED = 40


@dataclass(frozen=True, slots=True)
class Sample:
    """One upload and the action it must meet: allow, block or quarantine."""

    title: str
    file_name: str
    media_type: str
    body: bytes
    expected: str


@dataclass(frozen=True, slots=True)
class Row:
    """What became of a sample. `case` is None where it was accepted."""

    sample: Sample
    status: int
    answer: str
    stored: bool
    case: CaseInfo | None

    @property
    def as_expected(self) -> bool:
        if self.sample.expected == "allow":
            return self.status == requests.codes.created and self.stored and self.case is None
        return (
            self.status == requests.codes.forbidden
            and not self.stored
            and self.case is not None
            and self.case.action == self.sample.expected
            and _read(self.case.content) == self.sample.body
        )


def _read(content: Content) -> bytes:
    with content.open() as stream:
        return stream.read()


def samples() -> tuple[Sample, ...]:
    listed = jpeg(landscape(LISTED_SEEDS[0]))
    smaller = Image.open(io.BytesIO(listed)).resize((640, 480))
    return (
        Sample("an ordinary photo", "holiday.jpg", "image/jpeg", jpeg(landscape(ORDINARY_SEED)), "allow"),
        Sample("the listed picture", "listed.jpg", "image/jpeg", listed, "block"),
        Sample("it, resized, JPEG quality 40", "cat.jpg", "image/jpeg", jpeg(smaller, 40), "quarantine"),
        Sample("a text file", "notes.txt", "text/plain", b"Buy milk.\nCall grandmother.\n", "allow"),
    )


def send(sample: Sample, site: str, stored_in: Path, cases: Cases) -> Row:
    """Upload as a browser's form would, then look at what the site stored and what the quarantine holds."""
    known = {case.number for case in cases.newest(100)}
    with requests.Session() as client:
        client.trust_env = False
        response = client.post(
            site,
            files={"file": (sample.file_name, sample.body, sample.media_type)},
            headers={"Accept": "text/plain"},
            timeout=30,
        )
    kept = [case for case in cases.newest(100) if case.number not in known]
    file = stored_in / sample.file_name
    stored = file.is_file() and file.read_bytes() == sample.body
    return Row(sample, response.status_code, response.text, stored, kept[0] if kept else None)
