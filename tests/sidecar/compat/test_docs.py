"""The examples of docs/check-service.md, run by curl against a real sidecar: they answer what it says."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.serving import key_of, sidecar, write_config
from tests.sidecar.documented import Shell, alike
from tests.support import (
    activate_list,
    activate_listed_picture,
    digests_of,
    eventually,
    pdq_of,
    recompressed,
    settings_in,
)
from upload_guard.lists.formats import ListedHash
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import SignalType
from upload_guard.settings import Settings

pytestmark = pytest.mark.live

PAGE = Path(__file__).parents[3] / "docs" / "check-service.md"
EXAMPLES = re.findall(r"```sh\n(curl .*?)\n```\n```(json|text)\n(.*?)\n```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """What the page has prepared: lists, a customer, its key, a copy of a listed picture."""
    folder = tmp_path_factory.mktemp("docs")
    settings = settings_in(folder)
    listed = activate_listed_picture(settings)
    activate_list(settings, [ListedHash(SignalType.SHA1, digests_of(b"another").sha1)], "police")
    copy = recompressed(listed)
    (folder / "copy.jpg").write_bytes(copy)
    sections = {
        "trust": {"probation_hours": 0},
        "sidecar": {"bearer": "loopback", "workers": 1},
        "customers.example": {"categories": ["baseline"]},
    }
    config = write_config(folder / "config.toml", sections, data_dir="data")
    key = key_of(config, "example", Scope.SERVICE)
    with sidecar(config) as url:
        auth = {"Authorization": f"Bearer {key.key_id}.{key.secret}"}
        assert eventually(lambda: requests.get(f"{url}/status", headers=auth, timeout=30).status_code == 200)
        environment = {
            "URL": url,
            "KEYID": key.key_id,
            "SECRET": key.secret,
            "LISTED_MD5": digests_of(listed).md5.hex(),
            "NEAR_PDQ": pdq_of(copy).hex(),
        }
        yield Shell(folder, environment)


@pytest.mark.parametrize(
    ("command", "kind", "answer"), EXAMPLES, ids=[f"{number}" for number in range(len(EXAMPLES))]
)
def test_an_example_answers_what_the_page_says(shell: Shell, command: str, kind: str, answer: str) -> None:
    said = shell.run(command)
    if kind == "text":
        assert said == answer
    else:
        assert alike(json.loads(said), {"hit"}) == alike(json.loads(answer), {"hit"})


def test_the_settings_that_the_page_shows_are_settings() -> None:
    shown = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(shown) == 1
    read = Settings.model_validate(tomllib.loads(shown[0]))
    assert read.customers["example-host"].categories == ("baseline",)


def test_the_page_shows_every_door() -> None:
    page = PAGE.read_text()
    assert len(EXAMPLES) >= 8
    for path in ("/v1/check/md5", "/v1/test/check/", "/m/lookup", "/m/raw_lookup", "/h/hash", "/status"):
        assert path in page, path
