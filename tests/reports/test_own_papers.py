"""Formats and senders as settings name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from tests.reports.known import facts
from upload_guard.errors import ConfigError
from upload_guard.mail_settings import MailSettings
from upload_guard.report_settings import OPTIONS, WAYS, FormatName, RecipientSettings, SenderName
from upload_guard.reports.cybertip.paper import CyberTip
from upload_guard.reports.cybertip.sender import CyberTipSender
from upload_guard.reports.mails.sender import SmtpSender
from upload_guard.reports.registry import FORMATS, SENDERS, format_of, sender_of
from upload_guard.reports.scart.papers import ScartApi
from upload_guard.reports.scart.sender import ScartSender
from upload_guard.reports.xarf.sender import PostSender
from upload_guard.settings import Settings

OURS = (
    "text",
    "html",
    "pdf",
    "cybertip",
    "scart_notice",
    "scart_police",
    "scart_api",
    "xarf",
    "xarf_mail",
    "arf",
)


def in_folder(written: str, **options: Any) -> RecipientSettings:
    return RecipientSettings(
        format=written,  # type: ignore[arg-type]
        sender="folder",
        folder=Path("/srv/reports"),
        options=options,
    )


def test_every_name_in_settings_is_made_of_something() -> None:
    assert set(FORMATS) == set(get_args(FormatName))
    assert set(SENDERS) == set(get_args(SenderName)) == set(WAYS)
    assert set(OPTIONS) <= {*get_args(FormatName), *get_args(SenderName)}


@pytest.mark.parametrize("name", OURS)
def test_a_paper_names_its_format_and_is_named_after_its_report(name: str) -> None:
    options = {"ip": "198.51.100.4"} if name == "scart_api" else {}
    paper = format_of(in_folder(name, **options)).write(facts())
    assert paper.format == name
    assert paper.file_name.startswith("RP-0001.")
    assert "content" not in repr(paper)


def test_options_reach_their_format() -> None:
    assert format_of(in_folder("cybertip", scale=True, details=False)) == CyberTip(details=False, scale=True)
    assert format_of(in_folder("scart_api", ip="198.51.100.4", form=True)) == ScartApi(
        "198.51.100.4", form=True
    )


@pytest.mark.parametrize(
    ("written", "options", "said"),
    [
        ("cybertip", {"scal": True}, "not scal"),
        ("cybertip", {"scale": 1}, "scale is true or false"),
        ("scart_api", {"ip": 7}, "ip is a text in quotes"),
        ("text", {"ip": "198.51.100.4"}, "not ip"),
    ],
    ids=["a slip", "a number", "no text", "another format's"],
)
def test_an_option_that_nobody_takes_is_refused(written: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        in_folder(written, **options)


def test_senders_are_made_of_their_settings() -> None:
    ncmec = RecipientSettings(
        format="cybertip",
        sender="cybertip",
        url="https://exttest.cybertip.org/ispws/",
        user="usr123",
        password="pswd123",  # type: ignore[arg-type]  # noqa: S106
        timeout=7,
    )
    sender = sender_of(ncmec, Settings())
    assert isinstance(sender, CyberTipSender)
    assert (sender.base, sender.seconds) == ("https://exttest.cybertip.org/ispws", 7)
    assert "pswd123" not in repr(sender)
    scart = RecipientSettings(format="scart_api", sender="scart", url="https://scart.example.org", key="k")  # type: ignore[arg-type]
    assert isinstance(sender_of(scart, Settings()), ScartSender)
    post = RecipientSettings(format="xarf", sender="post", url="https://abuse.example.net/xarf")
    assert isinstance(sender_of(post, Settings()), PostSender)


def test_reports_by_mail_need_a_mail_server() -> None:
    mailed = RecipientSettings(format="pdf", sender="smtp", to="hotline@example.net")
    with pytest.raises(ConfigError, match="mail server"):
        sender_of(mailed, Settings())
    server = MailSettings(server="mail.example.org", sender="Abuse desk <abuse@example.org>")
    sender = sender_of(mailed, Settings(mail=server))
    assert isinstance(sender, SmtpSender)
    assert (sender.to, sender.sender) == ("hotline@example.net", "Abuse desk <abuse@example.org>")


@pytest.mark.parametrize(
    "how",
    [
        {"format": "text", "sender": "cybertip", "url": "https://a.org", "user": "u", "password": "p"},
        {"format": "cybertip", "sender": "cybertip", "url": "https://a.org", "user": "u"},
        {"format": "cybertip", "sender": "cybertip", "url": "http://a.org", "user": "u", "password": "p"},
        {"format": "scart_notice", "sender": "scart", "url": "https://a.org", "key": "k"},
    ],
    ids=["another format", "no password", "no https", "a CSV"],
)
def test_a_sender_that_could_not_send_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RecipientSettings(**how)
