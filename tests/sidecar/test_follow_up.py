"""Two installations: one asks the other as its check service, and tells by itself what became of its hits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serving import Signs, Site, embedded_site, key_of, remote_site, sidecar, write_config
from tests.sidecar.documented import Shell, alike
from tests.support import activate_listed_picture, digests_of, eventually
from upload_guard.compose import open_decisions
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import Scope
from upload_guard.signing import Credentials

PAGE = Path(__file__).parents[2] / "docs" / "follow-up.md"
EXAMPLES = re.findall(r"```sh\n(curl .*?)\n```\n```json\n(.*?)\n```", PAGE.read_text(), re.DOTALL)

DRAWN = {"hit", "asked_at", "last_asked_at", "due_at", "month"}
OURS = {None, "example-host"}


@dataclass(frozen=True)
class CheckService:
    """A real one, with the key of whoever looks after it and a picture that it lists."""

    url: str
    config: Path
    keeper: Credentials
    listed: bytes

    def figures(self, customer: str) -> dict[str, Any]:
        """Of this month, or nothing."""
        answer = requests.get(
            f"{self.url}/v1/customers/figures?customer={customer}", auth=Signs(self.keeper), timeout=10
        )
        months: list[dict[str, Any]] = answer.json()["months"]
        return months[0] if months else {}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckService]:
    folder = tmp_path_factory.mktemp("service")
    sections = {
        "sidecar": {"bearer": "loopback", "workers": 1},
        "trust": {"probation_hours": 0},
        "customers.upload_guard": {},
        "customers.eokm": {},
        "customers.example-host": {},
    }
    config = write_config(folder / "service.toml", sections, data_dir="data")
    listed = activate_listed_picture(load_settings(config))
    with sidecar(config) as url:
        yield CheckService(url, config, key_of(config, "keeper", Scope.REVIEW), listed)


def asks(service: CheckService, kind: str) -> dict[str, object]:
    """A site's table for the service; its customer there is called by the door that it asks at."""
    key = key_of(service.config, kind, Scope.SERVICE)
    return {
        "kind": kind,
        "url": service.url,
        "origin": "national",
        "user": key.key_id,
        "password": key.secret,
        "outcomes": True,
    }


def upload(site: Site, data: bytes) -> int:
    return site.post(files={"file": ("a.jpg", data, "image/jpeg")}).status_code


@pytest.mark.parametrize(
    ("kind", "deployed"),
    [("upload_guard", embedded_site), ("eokm", remote_site)],
    ids=["by itself at our door", "by a sidecar at EOKM's"],
)
def test_what_the_service_finds_is_followed_up_without_anybody(
    service: CheckService, tmp_path: Path, kind: str, deployed: Callable[..., AbstractContextManager[Site]]
) -> None:
    with deployed(tmp_path, **{"upstreams.national": asks(service, kind)}) as site:
        assert upload(site, service.listed) == 403
        first = service.figures(kind)
        assert first["hits"] > 0
        assert eventually(lambda: service.figures(kind)["open"] == 0)
        followed = service.figures(kind)
        assert followed["followed_up_in_time"] == followed["hits"]
        assert (followed["share_in_time"], followed["false_positives"]) == (1.0, 0)
        (case,) = site.cases()
        open_decisions(site.quarantine).false_positive(case.number, "ann", "a stock photo")
        assert eventually(lambda: service.figures(kind)["false_positives"] == followed["hits"])
        # An opinion of one customer: the service goes on to say what its list says.
        assert service.figures(kind)["hits"] == followed["hits"]


def test_the_examples_of_the_page_answer_what_it_says(service: CheckService, tmp_path: Path) -> None:
    key = key_of(service.config, "example-host", Scope.SERVICE)
    environment = {
        "URL": service.url,
        "KEYID": key.key_id,
        "SECRET": key.secret,
        "LISTED_MD5": digests_of(service.listed).md5.hex(),
        "REVIEW": f"{service.keeper.key_id}.{service.keeper.secret}",
    }

    run = Shell(tmp_path, environment).run
    assert run('curl -s -u "$KEYID:$SECRET" -d "$LISTED_MD5" "$URL/v1/check/md5"') == "true"
    assert len(EXAMPLES) == 3
    for command, answer in EXAMPLES:
        assert ours(json.loads(run(command))) == ours(json.loads(answer)), command


def ours(answer: Any) -> Any:
    """Without what is another one each time, and other customers' months."""
    if isinstance(answer, dict) and isinstance(answer.get("months"), list):
        answer = answer | {"months": [one for one in answer["months"] if one.get("customer") in OURS]}
    return alike(answer, DRAWN)
