"""From an upload to its file back at the site: a real sidecar, a person's command, a site that listens."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.cli.test_cli import run
from tests.misbehaving import scripted
from tests.outbox.receiver import Inbox
from tests.serving import Signs, key_of, sidecar, write_config
from tests.support import activate_listed_picture, eventually, settings_in
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
            first, again = (fetched(guard, number, inbox.key) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 410)
    assert first.content == listed
    assert inbox.forged == 0


def fetched(guard: str, number: str, key: Credentials) -> requests.Response:
    """The answer; whoever has the last byte may be there again before it is noted that it was given."""

    def ended() -> bool:
        nonlocal answer
        answer = requests.post(f"{guard}/v1/cases/{number}/bytes", auth=Signs(key), timeout=60)
        return answer.status_code != requests.codes.conflict

    answer = requests.Response()
    assert eventually(ended)
    return answer


def until_told(inbox: Inbox) -> dict[str, str]:
    assert eventually(lambda: inbox.events)
    (event,) = inbox.events.values()
    return event
