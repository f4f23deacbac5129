"""Every name that settings take leads to a format or a sender."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from tests.reports.house import WHO
from tests.support import settings_in
from upload_guard.compose import open_report_desk
from upload_guard.report_settings import WAYS, FormatName, RecipientSettings, SenderName
from upload_guard.reports.registry import FORMATS, SENDERS, format_of


def test_names_in_settings_and_in_the_registry_are_the_same() -> None:
    assert set(FORMATS) == set(get_args(FormatName))
    assert set(SENDERS) == set(WAYS) == set(get_args(SenderName))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_paper_is_called_after_its_format(name: FormatName, tmp_path: Path) -> None:
    own = RecipientSettings(format=name, sender="folder", folder=tmp_path)
    assert format_of(own).name == name


def test_recipients_come_of_settings(tmp_path: Path) -> None:
    one = {"format": "text", "sender": "folder", "folder": tmp_path, "sites": ["blog"], "blocked": True}
    rule = one | {"send": "when_confirmed", "wait_minutes": 5}
    settings = settings_in(tmp_path, reports=WHO | {"recipients": {"a": one, "b": rule}})
    a, b = open_report_desk(settings).recipients.values()
    assert (a.name, a.wait, a.blocked, a.concerns("blog"), a.concerns("shop")) == (
        "a",
        None,
        True,
        True,
        False,
    )
    assert b.wait is not None
    assert b.wait.total_seconds() == 300
