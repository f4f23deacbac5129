"""A report in plain words: a golden page, and nothing that a stranger wrote looks like a line of ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pytest
from upload_guard.reports.text import TextFormat

from tests.reports.house import BYTES, match_in
from tests.support import digests_of
from upload_guard.records import SignalType
from upload_guard.reports.facts import Facts, Place, Reporter, Uploader

THEN = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
FACTS = Facts(
    case="7KQM-2TZP-9XWD",
    report="0123456789abcdef0123456789abcdef",
    reporter=Reporter("Example Hosting", "example.org", "The abuse desk", "abuse@example.org"),
    site="https://blog.example.org",
    route="scan:/srv/a.jpg",
    happened_at=THEN,
    confirmed_at=THEN,
    confirmed_by="ann",
    media_type="image/jpeg",
    size=len(BYTES),
    digests=digests_of(BYTES),
    signals=(),
    matches=(match_in("A1"), match_in("A1", SignalType.PDQ, "image")),
    blocked=False,
    action="quarantine",
    classification="A1",
    uploader=Uploader(account="u7", ip="2001:db8::1", port=4000, at=THEN),
    places=(Place("https://blog.example.org/a.jpg", "file:///srv/a.jpg", False, THEN),),
    actions=((THEN, "confirmed by a person"),),
)
GOLDEN = """\
Report of an image on a hash list

Report: 0123456789abcdef0123456789abcdef
Case: 7KQM-2TZP-9XWD
Reported by: Example Hosting (example.org)
Contact: The abuse desk, abuse@example.org
Site: https://blog.example.org
Uploaded or found: 2026-05-01 12:00:00 UTC
Confirmed by a person: 2026-05-01 12:00:00 UTC (ann)
What happened: the file was on the site
Classification: A1
File: image/jpeg, 45 bytes
File: md5 {md5}
File: sha1 {sha1}
File: sha256 {sha256}
Match: icse v3 (A1), sha256, the same file
Match: icse v3 (A1), pdq, 12 bits apart
Address: https://blog.example.org/a.jpg, removed 2026-05-01 12:00:00 UTC
Uploader: u7, 2001:db8::1 port 4000, 2026-05-01 12:00:00 UTC
Done: 2026-05-01 12:00:00 UTC confirmed by a person

This report is made in good faith and holds no picture.
"""


def written(facts: Facts, language: Literal["en", "nl"] = "en") -> str:
    return TextFormat(language).write(facts).content.decode()


def test_all_that_is_known_is_said_and_nothing_else() -> None:
    digests = {one.type.value: one.value.hex() for one in FACTS.digests.signals()}
    assert written(FACTS) == GOLDEN.format(**digests)


def test_the_same_paper_comes_of_the_same_facts() -> None:
    assert TextFormat().write(FACTS) == TextFormat().write(FACTS)
    assert TextFormat().write(FACTS).file_name == f"{FACTS.report}.txt"


def test_an_attempt_is_called_one_and_no_classification_is_made_up() -> None:
    page = written(replace(FACTS, blocked=True, classification=""))
    assert "the upload was refused and never was on the site" in page
    assert "Classification: none chosen" in page


ODD = "u7\nClassification: baseline\r\nCase: other\u2028Viewed: ann"


@pytest.mark.parametrize(
    "told",
    [Uploader(account=ODD), Uploader(screen_name=ODD), Uploader(email=ODD)],
    ids=["account", "screen name", "e-mail"],
)
def test_strangers_write_no_lines_of_ours(told: Uploader) -> None:
    page = written(replace(FACTS, uploader=told))
    assert len(page.splitlines()) == len(GOLDEN.splitlines())


def test_dutch_says_the_same_things() -> None:
    english, dutch = written(FACTS).splitlines(), written(FACTS, "nl").splitlines()
    assert len(english) == len(dutch)
    assert dutch[2] == f"Melding: {FACTS.report}"
    assert dutch[7] == "Geüpload of gevonden: 2026-05-01 12:00:00 UTC"
