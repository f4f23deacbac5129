"""What a server process writes of its events."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator

import pytest
from structlog.contextvars import bound_contextvars

from upload_guard.errors import StorageFailed
from upload_guard.logs import log_to_stderr
from upload_guard.settings import LogSettings

log = logging.getLogger("upload_guard.test")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("upload_guard")
    handlers, levels = root.handlers, (root.level, ours.level)
    yield
    root.handlers = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def fail(words: str, secret: str) -> None:
    """With a value in a frame that a generous traceback would show."""
    raise StorageFailed(words)


def written(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_an_event_is_one_object_with_what_was_bound(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(LogSettings(format="json"))
    with bound_contextvars(request_id="abc"):
        log.warning("ALARM: %s", "two\nlines", extra={"ms": 1.5})
    line = json.loads(written(capsys))
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "ALARM: two\nlines",
        "level": "warning",
        "logger": "upload_guard.test",
        "request_id": "abc",
        "ms": 1.5,
    }


def test_for_people_it_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(LogSettings())
    log.warning("said\nWARNING upload_guard: forged", extra={"route": "/a\rb"})
    (line,) = written(capsys).splitlines()
    assert line.endswith("WARNING upload_guard.test: said\\nWARNING upload_guard: forged route=/a\\rb")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_no_line_shows_a_whole_hash(capsys: pytest.CaptureFixture[str], form: str, kind: str) -> None:
    log_to_stderr(LogSettings.model_validate({"format": form}))
    digest = hashlib.new(kind, b"x").hexdigest()
    try:
        fail(f"file {digest}", "")
    except StorageFailed:
        log.exception("of %s", digest.upper(), extra={"file": f"vault/{digest}.bin"})
    said = written(capsys)
    assert digest not in said.lower()
    assert said.lower().count(digest[:8] + "...") == 3


def test_a_traceback_shows_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(LogSettings(format="json"))
    secret = "".join(("hid", "den"))
    try:
        fail("it failed", secret)
    except StorageFailed:
        log.exception("an error")
    said = json.loads(written(capsys))["exception"]
    assert "StorageFailed: it failed" in said
    assert secret not in said


def test_the_level_is_ours_and_others_only_warn(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(LogSettings(level="debug"))
    log.debug("ours")
    logging.getLogger("PIL").debug("tags of an image")
    said = written(capsys)
    assert "ours" in said
    assert "tags" not in said


def test_new_settings_take_the_place_of_old_ones(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(LogSettings(format="json"))
    log_to_stderr(LogSettings(level="error"))
    log.warning("unheard")
    log.error("heard once")
    assert written(capsys).count("\n") == 1
