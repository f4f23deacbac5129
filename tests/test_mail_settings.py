"""Options of mail: nothing goes over a wire in the clear, and half a server is told of."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from upload_guard.compose.mail import own_addresses
from upload_guard.loading import load_settings
from upload_guard.mail_settings import MailboxSettings, MailSettings
from upload_guard.settings import Settings

SENDER = "Abuse desk <Abuse@example.org>"


def test_without_a_server_there_is_no_mail() -> None:
    assert not MailSettings().enabled
    assert MailSettings(server="mail.example.org", sender=SENDER).enabled


@pytest.mark.parametrize("sender", ["", "nobody", "a@", "a@b, c@d"])
def test_a_server_needs_a_sender(sender: str) -> None:
    with pytest.raises(ValidationError, match="an address such as"):
        MailSettings(server="mail.example.org", sender=sender)


@pytest.mark.parametrize(("security", "port"), [("tls", 465), ("starttls", 587)])
def test_the_port_is_the_usual_one(security: str, port: int) -> None:
    own = {"server": "mail.example.org", "sender": SENDER, "security": security}
    assert MailSettings.model_validate(own).port_or_usual == port
    assert MailSettings.model_validate(own | {"port": 26}).port_or_usual == 26


def test_in_the_clear_only_on_this_machine() -> None:
    MailSettings(server="127.0.0.1", sender=SENDER, security="none")
    MailboxSettings(server="localhost", security="none")
    with pytest.raises(ValidationError, match="loopback"):
        MailSettings(server="mail.example.org", sender=SENDER, security="none")
    with pytest.raises(ValidationError, match="loopback"):
        MailboxSettings(server="imap.example.org", security="none")


def test_a_mailbox_is_one_thing() -> None:
    with pytest.raises(ValidationError, match="either"):
        MailboxSettings()
    with pytest.raises(ValidationError, match="either"):
        MailboxSettings(maildir=Path("/var/mail/abuse"), server="imap.example.org")


def test_a_password_comes_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("sesame\n")
    monkeypatch.setenv("UPLOAD_GUARD_MAILBOXES__ABUSE__SERVER", "imap.example.org")
    monkeypatch.setenv("UPLOAD_GUARD_MAILBOXES__ABUSE__PASSWORD_FILE", str(tmp_path / "password"))
    settings = load_settings()
    assert settings.mailboxes["abuse"].password.get_secret_value() == "sesame"
    assert "sesame" not in repr(settings)


def test_our_own_addresses_are_those_of_both_ways() -> None:
    settings = Settings(
        mail=MailSettings(server="mail.example.org", sender=SENDER),
        mailboxes={"dsa": MailboxSettings(server="imap.example.org", user="DSA@example.org")},
    )
    assert own_addresses(settings) == {"abuse@example.org", "dsa@example.org"}
