"""Whom reports go to, by settings: what cannot be sent is said before anybody drafts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.reports.house import WHO
from upload_guard.loading import load_settings
from upload_guard.report_settings import RecipientSettings, ReportSettings

ONE = {"format": "text", "sender": "folder", "folder": "/srv/out"}


def fault_of(**differs: object) -> str:
    with pytest.raises(ValidationError) as caught:
        RecipientSettings.model_validate(ONE | differs)
    return str(caught.value)


def test_a_person_sends_unless_a_rule_says_otherwise() -> None:
    one = RecipientSettings.model_validate(ONE)
    assert (one.send, one.blocked, one.preserve) == ("by_hand", False, False)


def test_a_sender_says_what_it_lacks() -> None:
    assert "folder, which the sender folder needs" in fault_of(folder=None)


@pytest.mark.parametrize("url", ["http://report.example.org", "ftp://x.org", "https://a:b@x.org", "x"])
def test_a_report_goes_over_no_open_line(url: str) -> None:
    assert "an https address" in fault_of(url=url)


def test_secrets_are_text_and_are_not_shown() -> None:
    assert "a text in quotes" in fault_of(password=5)
    assert "hush" not in repr(RecipientSettings.model_validate(ONE | {"password": "hush"}))


def test_a_report_of_nobody_goes_to_nobody() -> None:
    for lacking in WHO:
        with pytest.raises(ValidationError, match=f"{lacking}: a report says who makes it"):
            ReportSettings.model_validate(WHO | {lacking: "", "recipients": {"a": ONE}})
    assert ReportSettings().recipients == {}


def test_a_secret_stands_in_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("hush\n")
    monkeypatch.setenv("UPLOAD_GUARD_REPORTS__RECIPIENTS__A__KEY_FILE", str(tmp_path / "key"))
    who = "\n".join(f'{name} = "{value}"' for name, value in WHO.items())
    config = tmp_path / "config.toml"
    config.write_text(
        f'[reports]\n{who}\n[reports.recipients.a]\nformat = "text"\nsender = "folder"\nfolder = "out"\n'
    )
    settings = load_settings(config)
    assert settings.reports.recipients["a"].key.get_secret_value() == "hush"
    assert settings.reports.recipients["a"].folder == tmp_path / "out"
