"""docs/webhooks.md shows what is sent, and its two ways to verify take that and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.misbehaving import scripted
from tests.outbox.receiver import fail_with
from tests.test_signing import PAGE as KEYS_PAGE
from tests.test_signing import php
from upload_guard.outbox.messages import Message, MessageKind
from upload_guard.outbox.webhooks import CASE_CHANGED, Webhook, WebhookTransport
from upload_guard.signing import Credentials

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
KEY = Credentials("0123456789abcdef", "an-example-secret-that-opens-nothing")
TARGET = "/wp-json/upload-guard/v1/event?to=blog"
BODY = {"event": CASE_CHANGED, "site": "blog", "case": "7KQM-2TZP-9XWD", "state": "released", "at": "now"}


@dataclass(frozen=True)
class Sent:
    """A webhook as its site gets it."""

    authorization: str
    target: str
    body: bytes


@pytest.fixture(scope="module")
def sent() -> Sent:
    with scripted(fail_with("204 No Content")) as site:
        transport = WebhookTransport({"blog": Webhook(site.url + TARGET)}, lambda _site: KEY)
        transport.send(Message(1, "5e0c1d", MessageKind.WEBHOOK, "blog", BODY, "claim"))
        (connection,) = site.connections
        head, body = connection.requests[0][0], connection.last_body
    headers = dict(re.findall(r"^([\w-]+): (.*)$", head.replace("\r", ""), re.MULTILINE))
    assert headers["Authorization"] == headers["Upload-Guard-Signature"]
    return Sent(headers["Authorization"], head.split()[1], body)


def in_python(sent: Sent, folder: Path) -> bool:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own page
    return bool(names["is_genuine"](KEY.key_id, KEY.secret, sent.authorization, sent.target, sent.body))


def in_php(sent: Sent, folder: Path) -> bool:
    functions = re.findall(r"```php\n(.*?)```", KEYS_PAGE + PAGE, re.DOTALL)
    program = folder / "verify.php"
    call = "echo upload_guard_is_genuine(...array_slice($argv, 1)) ? 'genuine' : 'forged';"
    program.write_text("\n".join(["<?php", *functions, call]))
    values = (KEY.key_id, KEY.secret, sent.authorization, sent.target, sent.body)
    said = subprocess.run([php(), "-n", program, *values], capture_output=True, text=True, check=True).stdout
    assert said in {"genuine", "forged"}
    return said == "genuine"


@pytest.mark.parametrize("verify", [in_python, in_php])
def test_what_we_send_is_genuine_and_what_was_changed_is_not(
    sent: Sent, tmp_path: Path, verify: Callable[[Sent, Path], bool]
) -> None:
    assert verify(sent, tmp_path)
    changed = sent.body.replace(b"released", b"confirmd")
    assert changed != sent.body
    for forged in (
        replace(sent, body=changed),
        replace(sent, target="/elsewhere"),
        replace(sent, authorization=sent.authorization[:-1] + "g"),
        replace(sent, authorization=re.sub(r":\d+:", ":1767225600:", sent.authorization)),
        replace(sent, authorization="Basic abc"),
        replace(sent, authorization=""),
    ):
        assert not verify(forged, tmp_path)


def test_the_page_shows_the_fields_that_are_sent(sent: Sent) -> None:
    assert set(json.loads(sent.body)) == set(re.findall(r'"(\w+)": "', PAGE.split("Content-Type")[1])[:6])
