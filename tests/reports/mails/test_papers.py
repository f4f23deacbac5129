"""Reports that are mails: any program that reads feedback reports finds the fields, any person the words."""

from __future__ import annotations

import email
import email.policy
import json
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from tests.reports.goldens import golden
from tests.reports.known import REPORTER, blocked, facts
from upload_guard.errors import NotReportable
from upload_guard.notices.incoming import Wording
from upload_guard.notices.mail.reading import read_mail
from upload_guard.reports.facts import Facts, Place, Reporter
from upload_guard.reports.mails.arf import Arf
from upload_guard.reports.mails.xarf import XarfMail
from upload_guard.reports.papers import Format
from upload_guard.reports.xarf.paper import Xarf

PLACES = (Place("https://example.org/a.jpg"), Place("https://example.org/b.jpg"))
FORMATS = (Arf(), XarfMail())


def read(written: Format, known: Facts) -> EmailMessage:
    mail = email.message_from_bytes(written.write(known).content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail.defects == []
    return mail


@pytest.mark.parametrize(
    ("name", "written"),
    [("arf-en.eml", Arf()), ("arf-nl.eml", Arf("nl", ("Te goeder trouw.",))), ("xarf-mail.eml", XarfMail())],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_paper_is_as_it_was_read_once(name: str, written: Format) -> None:
    content = written.write(facts()).content
    assert content == golden(name, content)
    assert b"\n" not in content.replace(b"\r\n", b"")


@pytest.mark.parametrize("written", FORMATS, ids=lambda one: one.name)
def test_it_is_a_feedback_report_of_three_parts(written: Format) -> None:
    mail = read(written, facts(places=PLACES))
    assert mail.get_content_type() == "multipart/report"
    assert mail["Content-Type"].params["report-type"] == "feedback-report"
    words, feedback, _about = mail.iter_parts()
    assert words.get_content_type() == "text/plain"
    assert feedback.get_content_type() == "message/feedback-report"
    fields = str(feedback.get_payload(0)).strip().splitlines()
    assert [line.partition(": ")[2] for line in fields if line.startswith("Reported-URI")] == [
        one.url for one in PLACES
    ]
    assert {"Feedback-Type: other", "Version: 1"} <= set(fields)


def test_the_report_that_is_attached_is_the_whole_one() -> None:
    *_, attached = read(XarfMail(), facts()).iter_parts()
    assert attached.get_filename() == "xarf.json"
    assert json.loads(attached.get_content()) == json.loads(Xarf().write(facts()).content)


@pytest.mark.parametrize(
    ("written", "wording"), [(Arf(), Wording.ARF), (XarfMail(), Wording.XARF)], ids=["arf", "xarf"]
)
def test_our_own_reading_of_notices_understands_it(written: Format, wording: Wording) -> None:
    notice = read_mail(written.write(facts(places=PLACES)).content, datetime(2026, 3, 1, tzinfo=UTC))
    assert notice.wording is wording
    assert set(notice.urls) >= {one.url for one in PLACES}
    assert notice.complete


@pytest.mark.parametrize("written", FORMATS, ids=lambda one: one.name)
@pytest.mark.parametrize(
    "known", [blocked(classification="A1"), facts(places=())], ids=["refused", "nowhere"]
)
def test_without_an_address_there_is_nothing_to_feed_back(written: Format, known: Facts) -> None:
    with pytest.raises(NotReportable, match="address"):
        written.write(known)


def test_what_strangers_wrote_begins_no_header_and_no_part() -> None:
    odd = "x\r\nBcc: eve@example.com\r\n\r\n--=_b\r\n"
    reporter = Reporter(odd, REPORTER.domain, REPORTER.contact_name, REPORTER.email)
    mail = read(Arf(), facts(site=odd, summary=odd, file_name=odd, reporter=reporter))
    assert mail["Bcc"] is None
    assert len(list(mail.iter_parts())) == 3
