"""When what is offered privately is prepared, and what is said where that fails."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.private.customer import listed, prepare, settings_with
from tests.support import activate_list
from upload_guard.compose import open_lists
from upload_guard.sidecar.private_work import private_preparer


def test_what_cannot_be_prepared_is_an_alarm_and_the_last_one_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_with(tmp_path)
    activate_list(settings, listed())
    sets = prepare(settings).sets
    before = sets.current_epoch()
    activate_list(settings, listed(b"another"))
    for file in settings.lists_dir.rglob("*.jsonl"):
        file.write_bytes(b"damaged")
    with caplog.at_level(logging.WARNING):
        private_preparer(settings, open_lists(settings)).look()
    assert "ALARM: private checks could not be prepared, the last ones stay" in caplog.text
    assert sets.current_epoch() == before
