"""Every mail gives a notice: what it names is found, what was not read is said, and nothing makes it fail."""

from __future__ import annotations

import json
import random
import time
from datetime import UTC, datetime

import pytest

from tests.notices.mail.odd_mails import (
    ARF_REPORT,
    ODD_MAILS,
    ONE,
    SHA256,
    SITE,
    TWO,
    XARF,
    Odd,
    holding,
    mail,
    part,
)
from upload_guard.notices.incoming import Channel, Incoming, Told
from upload_guard.notices.mail import reading
from upload_guard.notices.mail.parts import MOST_BYTES
from upload_guard.notices.mail.reading import MOST_REASONS, read_mail

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWN = frozenset({"abuse@example.org"})


def read(raw: bytes) -> Incoming:
    return read_mail(raw, AT, OWN)


@pytest.mark.parametrize("odd", ODD_MAILS, ids=lambda odd: odd.name)
def test_an_odd_mail_is_a_notice(odd: Odd) -> None:
    notice = read(odd.raw)
    assert notice.urls == odd.urls
    assert (notice.wording, notice.complete, notice.may_answer) == (odd.wording, odd.whole, odd.answer)
    assert odd.says in notice.reasons
    assert len(notice.reasons) <= MOST_REASONS
    assert notice.complete or notice.remarks
    assert not any(
        char < " " and char not in "\t\n" for char in f"{notice.reasons}{notice.subject}{notice.told}"
    )


def test_who_tells_and_what_it_is_called() -> None:
    notice = read(
        mail(f"In good faith: {ONE}", "Content-Language: nl, en", "Subject: =?iso-8859-1?q?Caf=E9?= x")
    )
    assert (notice.channel, notice.received_at) == (Channel.MAIL, AT)
    assert notice.told == Told("Ann Other", "ann@example.net", "")
    assert (notice.reference, notice.subject) == ("<1@example.net>", "Café x")
    assert (notice.good_faith, notice.language) == (True, "nl")


def test_a_report_says_who_reports_and_by_which_hashes() -> None:
    notice = read(holding("mixed", part(f"See {TWO}"), part(json.dumps(XARF), "application/json")))
    assert notice.urls == (ONE, TWO)
    assert notice.hashes == (SHA256,)
    assert (notice.reference, notice.told.organisation) == (XARF["report_id"], "A hotline")


def test_hashes_in_a_text_are_taken_and_parts_of_addresses_are_not() -> None:
    notice = read(mail(f"sha256: {SHA256.upper()} at {SITE}/{'ab' * 16}.jpg"))
    assert notice.hashes == (SHA256,)


def test_an_answer_goes_to_where_somebody_reads_it() -> None:
    headers = "From: no-reply@hotline.example", "Reply-To: desk@hotline.example"
    notice = read(mail("x", *headers))
    assert (notice.told.email, notice.may_answer) == ("desk@hotline.example", True)


@pytest.mark.parametrize(
    ("header", "remark"),
    [
        ("Return-Path: <eve@elsewhere.example>", "posted by eve@elsewhere.example"),
        ("From: ann@example.net, eve@example.com", "more than one sender"),
    ],
    ids=["another domain", "two senders"],
)
def test_a_doubtful_sender_is_told_of(header: str, remark: str) -> None:
    assert any(remark in one for one in read(mail(f"see {ONE}", header)).remarks)


def test_what_comes_twice_has_one_fingerprint() -> None:
    first, again = read(mail(f"see {ONE}")), read(b"Received: by another\r\n" + mail(f"see {ONE}"))
    assert first.fingerprint == again.fingerprint


def test_a_long_text_is_kept_to_ten_thousand_characters_and_its_addresses_all_are() -> None:
    notice = read(mail("\r\n".join(f"Line {number} tells of {SITE}/{number}.jpg" for number in range(2_000))))
    assert len(notice.reasons) == MOST_REASONS
    assert len(notice.urls) == 2_000
    assert notice.complete
    assert "longer" in notice.remarks[0]


def test_more_than_a_server_takes_is_read_to_its_bound() -> None:
    notice = read(mail(f"see {ONE}\r\n{'x' * 70}\r\n".encode() + b"x" * MOST_BYTES))
    assert notice.urls == (ONE,)
    assert not notice.complete


HOSTILE = {
    "multiparts in each other": b"".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode() for n in range(10_000)
    ),
    "messages in each other": b"Content-Type: message/rfc822\r\n\r\n" * 12_500,
    "boundaries": mail(b"--b\r\n" * 125_000, kind="multipart/mixed; boundary=b"),
    "line feeds": mail(b"\r\n" * 500_000),
    "angle brackets": mail(b"<" * 500_000, kind="text/html"),
    "comments that never end": mail(b"<!-- <style <script " * 25_000, kind="text/html"),
    "styles that end": mail(b"<style></style><!-- -->" * 18_750, kind="text/html"),
    "links without an end": mail(b"<a href=\"href='" * 31_250, kind="text/html"),
    "spaces in a tag": mail(b"<a" + b" " * 500_000, kind="text/html"),
    "brackets of the kind that is trimmed": mail(b"https://a.example/" + b")" * 500_000),
    "schemes": mail(b"https://" * 62_500),
    "addresses that are cut early": mail(b"https://a.example](" * 25_000),
    "dots": mail(b"a." * 250_000),
    "words with dots": mail(b"www." * 125_000),
    "angle brackets around schemes": mail(b"<https://a" * 50_000),
    "defanged dots": mail(b"[.]" * 162_500),
    "hash digits": mail(b"a" * 500_000),
    "rows of a table": mail(b"url;ip;\r\n" + b'"a;"' * 112_500),
    "heads of tables": mail(b"url;ip\r\n" * 50_000),
    "spaces before a table": mail(b" " * 500_000),
    "a type with many parameters": mail("x", "Content-Type: text/plain" + ';a="' * 12_500),
    "a sender of brackets": mail("x", "From: " + "<(" * 12_500),
    "senders": mail("x", "From: " + "a@b," * 12_500),
    "base64 that is none": mail(b"=" * 500_000, encoding="base64"),
    "escapes": mail(b"=3D" * 162_500, encoding="quoted-printable"),
    "feedback fields": holding(
        "report", ARF_REPORT[0], part(b"Reported-URI: x\r\n" * 25_000, "message/feedback-report")
    ),
    "entities": mail(b"&amp" * 125_000, kind="text/html"),
    "lines that are full": mail((b"x" * 60 + b" https://a.example/b\r\nc d\r\n") * 5_000),
    "a uuencoded text that never begins": mail(b"begin 644 " * 50_000, encoding="uuencode"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_half_a_megabyte_that_was_made_to_take_long_does_not(name: str) -> None:
    """No figure of speed: what takes the square of its length takes hours, or minutes at least."""
    begun = time.process_time()
    assert read(HOSTILE[name]).channel is Channel.MAIL
    assert time.process_time() - begun < 10


PIECES = (
    *(
        b"\r\n",
        b"\n\n",
        b"--=_b",
        b"=?utf-8?b?",
        b"?=",
        b'"',
        b";",
        b"(",
        b"<",
        b">",
        b"\x00",
        b"\xff",
        b"\r",
        b":",
    ),
    *(
        b"charset=",
        b"boundary=",
        b"Content-Type: ",
        b"multipart/mixed",
        b"message/rfc822",
        b"https://[",
        b"@",
        b"%",
    ),
    *(b"*0*=utf-8''%", b"filename*=", b"utf-16", b"hz", b"base64", b"From: ", b"{", b"["),
)
SMALL = [odd.raw for odd in ODD_MAILS if 0 < len(odd.raw) < 5_000]


def damaged(seed: int) -> bytes:
    """One of the odd mails with some of it lost, doubled, or of another."""
    chance = random.Random(seed)
    raw = bytearray(chance.choice(SMALL))
    for _ in range(chance.randint(1, 12)):
        at, other = chance.randrange(len(raw) + 1), chance.choice(SMALL)
        some = chance.randrange(len(other))
        kept = at + chance.choice((0, 0, 1, 30))
        raw[at:kept] = chance.choice((chance.choice(PIECES), other[some : some + chance.randint(0, 300)]))
    return bytes(raw)


def test_damaged_mails_are_notices_too_and_can_be_written_down(caplog: pytest.LogCaptureFixture) -> None:
    for seed in range(300):
        notice = read(damaged(seed))
        said = (notice.reasons, notice.subject, notice.reference, notice.told.name, notice.told.email)
        "\n".join([*said, *notice.urls, *notice.remarks]).encode()
    assert "error of our own" not in caplog.text


def test_a_mail_that_we_fail_at_is_a_notice_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(raw: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr(reading, "take_apart", fail)
    notice = read(mail(f"see {ONE}"))
    assert ONE in notice.reasons
    assert not notice.complete
    assert not notice.may_answer
