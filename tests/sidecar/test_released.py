"""From an upload to its file back at the site: a real sidecar, a person's command, a site that listens."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import requests

from tests.cli.test_cli import run
from tests.misbehaving import scripted
from tests.outbox.receiver import Inbox
from tests.serving import Signs, key_of, sidecar, write_config
from tests.support import activate_listed_picture, settings_in
from upload_guard.signing import Credentials

pytestmark = pytest.mark.live


def test_a_site_hears_of_the_release_within_seconds_and_fetches_the_file_once(tmp_path: Path) -> None:
    listed = activate_listed_picture(settings_in(tmp_path))
    inbox = Inbox(Credentials("", ""))
    with scripted(inbox.take) as site:
        sections = {"trust": {"probation_hours": 0}, "webhooks.blog": {"url": f"{site.url}/event"}}
        config = write_config(tmp_path / "config.toml", sections, data_dir="data")
        inbox.key = key_of(config, "blog")
        with sidecar(config) as guard:
            held = requests.post(f"{guard}/v1/check", listed, auth=Signs(inbox.key), timeout=60).json()
            number = held["case"]
            said = run(
                tmp_path, "--config", "config.toml", "quarantine", "release", number, "--because", "a holiday"
            )
            assert said.returncode == 0, said.stderr
            event = until_told(inbox)
            assert (event["case"], event["state"]) == (number, "released")
            answers = [
                requests.post(f"{guard}/v1/cases/{number}/bytes", auth=Signs(inbox.key), timeout=60)
                for _ in range(2)
            ]
    assert [answer.status_code for answer in answers] == [200, 410]
    assert answers[0].content == listed
    assert inbox.forged == 0


def until_told(inbox: Inbox) -> dict[str, str]:
    end = time.monotonic() + 60
    while not inbox.events and time.monotonic() < end:
        time.sleep(0.1)
    (event,) = inbox.events.values()
    return event
