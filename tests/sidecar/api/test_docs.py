"""The examples of docs/api.md, run by curl against a real sidecar: each answers what the page says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.serving import key_of, sidecar, write_config
from tests.sidecar.documented import Shell, alike
from tests.support import activate_listed_picture, eventually, picture_bytes, settings_in
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope

pytestmark = pytest.mark.live

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
EXAMPLES = re.findall(r"```sh\n(curl .*?)\n```\n```json\n(.*?)\n```", PAGE.read_text(), re.DOTALL)
# What is another one each time.
DRAWN = {"case", "id", "opened_at", "told_at", "next", "number", "received_at", "deadline"}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """What the page has prepared: a sidecar, a token, three files, a case and a check."""
    folder = tmp_path_factory.mktemp("docs")
    listed = activate_listed_picture(settings_in(folder))
    (folder / "listed.jpg").write_bytes(listed)
    for name, seed in (("holiday.jpg", 2), ("unknown.jpg", 3)):
        (folder / name).write_bytes(picture_bytes(seed))
    sections = {"trust": {"probation_hours": 0}, "sidecar": {"bearer": "loopback"}}
    config = write_config(folder / "config.toml", sections, data_dir="data")
    key = key_of(config, "default", *SITE_SCOPES, Scope.NOTICES)
    with sidecar(config) as url:
        token = f"Authorization: Bearer {key.key_id}.{key.secret}"
        prepared = Shell(folder, {"URL": url, "TOKEN": token})
        headers = dict([token.split(": ")])
        case = requests.post(f"{url}/v1/check", listed, headers=headers, timeout=30).json()["case"]
        check = requests.post(f"{url}/v1/check?wait=0", picture_bytes(2), headers=headers, timeout=30)
        prepared.environment.update(CASE=case, CHECK=check.json()["id"])
        # The page asks once the check has ended.
        assert eventually(partial(_is_checked, prepared))
        yield prepared


def _is_checked(shell: Shell) -> bool:
    return bool(json.loads(shell.run('curl -s -H "$TOKEN" "$URL/v1/checks/$CHECK"'))["state"] == "checked")


@pytest.mark.parametrize(("command", "answer"), EXAMPLES, ids=[f"{n}" for n in range(len(EXAMPLES))])
def test_an_example_answers_what_the_page_says(shell: Shell, command: str, answer: str) -> None:
    assert alike(json.loads(shell.run(command)), DRAWN) == alike(json.loads(answer), DRAWN)


def test_the_page_shows_every_address_of_the_api(shell: Shell) -> None:
    described = requests.get(f"{shell.environment['URL']}/openapi/v1.json", timeout=30).json()["paths"]
    page = PAGE.read_text()
    assert [path for path in described if path.partition("{")[0].rstrip("/") not in page] == []
    assert len(EXAMPLES) >= 10
