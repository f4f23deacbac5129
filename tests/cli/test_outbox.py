"""The commands about what goes out, as their user gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run
from tests.misbehaving import scripted
from tests.outbox.receiver import fail_with
from upload_guard.compose import open_outbox
from upload_guard.errors import TransportError
from upload_guard.lists.feedback import Feedback, Opinion
from upload_guard.loading import load_settings
from upload_guard.outbox.messages import Draft, Message, MessageKind, put
from upload_guard.records import SignalType

SECRET = "sesame"  # noqa: S105


def command(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "config.toml", *arguments)


def configure(folder: Path, text: str = "") -> None:
    (folder / "config.toml").write_text(text)


def given_up(folder: Path) -> None:
    """A webhook that its site does not want."""
    outbox = open_outbox(load_settings(folder / "config.toml"))
    with outbox.database.session() as session:
        put(session, Draft(MessageKind.WEBHOOK, "blog", {"case": "2345"}), outbox.now())
    outbox.failed(claimed(folder), TransportError("answered with status 410", permanent=True))


def claimed(folder: Path) -> Message:
    outbox = open_outbox(load_settings(folder / "config.toml"))
    message = outbox.claim(MessageKind.WEBHOOK, lease=outbox.patience)
    assert message is not None
    return message


def test_what_was_given_up_is_shown_and_tried_again(tmp_path: Path) -> None:
    configure(tmp_path)
    given_up(tmp_path)
    shown = command(tmp_path, "outbox", "list").stdout
    assert "answered with status 410" in shown
    assert "WARNING  outbox_given_up: 1 messages were given up" in shown
    assert "blog" not in command(tmp_path, "outbox", "list", "--state", "waiting").stdout
    assert "1 messages that were given up are tried again" in command(tmp_path, "outbox", "retry").stdout
    assert "WARNING" not in command(tmp_path, "outbox", "list").stdout
    assert claimed(tmp_path).body == {"case": "2345"}


def test_the_doctor_and_check_config_tell_of_it(tmp_path: Path) -> None:
    configure(tmp_path)
    given_up(tmp_path)
    said = command(tmp_path, "check-config")
    assert "WARNING  outbox_given_up: 1 messages were given up" in said.stdout
    assert "upload-guard outbox retry" in said.stdout


@pytest.mark.live
def test_a_test_goes_to_each_target_and_says_what_came_of_it_without_their_secrets(tmp_path: Path) -> None:
    with scripted(fail_with("200 OK")) as good, scripted(fail_with("500 Oops")) as bad:
        targets = [one.url.replace("http://", f"json://guard:{SECRET}@") for one in (good, bad)]
        configure(tmp_path, f"[notices]\nlanguage = 'nl'\ntargets = {json.dumps(targets)}\n")
        said = command(tmp_path, "notices", "test")
        sent = json.loads(good.connections[0].last_body)
    assert said.returncode == 1
    assert [line.split()[0] for line in said.stdout.splitlines()] == ["sent", "FAILED"]
    assert sent["title"] == "upload_guard: een proef"
    assert SECRET not in said.stdout + said.stderr


def test_without_targets_there_is_nothing_to_test(tmp_path: Path) -> None:
    configure(tmp_path)
    said = command(tmp_path, "notices", "test")
    assert (said.returncode, "no targets are configured" in said.stderr) == (2, True)


def test_opinions_are_shown_by_their_first_digits(tmp_path: Path) -> None:
    configure(tmp_path)
    assert "No opinion was queued" in command(tmp_path, "feedback", "list").stdout
    outbox = open_outbox(load_settings(tmp_path / "config.toml"))
    today = outbox.now().date()
    value = bytes(range(32))
    said = Feedback("icse", 7, SignalType.SHA256, value, "baseline", True, Opinion.NEGATIVE, today)
    with outbox.database.session() as session:
        put(session, Draft(MessageKind.FEEDBACK, "icse", said.row), outbox.now())
    shown = command(tmp_path, "feedback", "list").stdout
    assert f"sha256 {value.hex()[:8]}..." in shown
    assert value.hex()[:10] not in shown
    assert all(word in shown for word in ("icse", "7", "negative", "waiting", today.isoformat()))


@pytest.mark.parametrize("setting", ['targets = ["sesame"]', 'targets = ["mailto://sesame", 5]'])
def test_a_wrong_target_is_a_fault_that_does_not_repeat_it(tmp_path: Path, setting: str) -> None:
    configure(tmp_path, f"[notices]\n{setting}\n")
    said = command(tmp_path, "check-config")
    assert said.returncode == 2
    assert "notices.targets: must be a list of addresses" in said.stdout
    assert SECRET not in said.stdout + said.stderr


def test_settings_are_shown_without_the_targets(tmp_path: Path) -> None:
    configure(tmp_path, f'[notices]\ntargets = ["mailto://guard:{SECRET}@mail.example.org"]\n')
    said = command(tmp_path, "check-config")
    assert "(1 set, not shown)" in said.stdout
    assert SECRET not in said.stdout
