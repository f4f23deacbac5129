"""What is prepared for private checks: of which lists, from what is in force."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.private.customer import (
    KEY,
    LISTED,
    QUOTA,
    categories,
    listed,
    prepare,
    settings_with,
    under_another_key,
)
from tests.serving import write_config
from tests.support import activate_list, digests_of
from upload_guard.compose import open_lists, open_private_checks, private_set_is_due
from upload_guard.demo.servers import free_port
from upload_guard.errors import ConfigError, NotReady, QuotaSpent
from upload_guard.keyring import replace_key_file
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.opinions import note_change
from upload_guard.records import SignalType
from upload_guard.settings import Settings
from upload_guard.storage.opinion_tables import EntryDispute
from upload_guard.storage.tables import HashList

DIGESTS = digests_of(LISTED)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    own = settings_with(tmp_path)
    activate_list(own, listed())
    return own


def test_without_a_list_that_may_be_asked_about_nobody_answers(tmp_path: Path) -> None:
    assert open_private_checks(settings_with(tmp_path, "never")) is None
    assert open_private_checks(settings_with(tmp_path, "")) is None


def test_without_the_extra_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("rbcl", "upload_guard.private.group"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"test-list.*rbcl.*pip install 'upload-guard\[private\]'"):
        open_private_checks(settings_with(tmp_path))


def without_rbcl(folder: Path) -> dict[str, str]:
    """The environment of a process that finds none."""
    (folder / "rbcl.py").write_text("raise ImportError('not installed')")
    return {**os.environ, "PYTHONPATH": str(folder)}


def test_a_sidecar_without_such_lists_does_not_need_the_extra(tmp_path: Path) -> None:
    code = f"""
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble
assemble(Settings(data_dir={str(tmp_path / "data")!r}, review={{"enabled": False}})).app
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], env=without_rbcl(tmp_path), capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


def test_one_with_such_a_list_ends_at_once_with_a_line(tmp_path: Path) -> None:
    lists = {"lists.test-list": {"disclose": "oblivious"}}
    config = write_config(tmp_path / "config.toml", lists, data_dir="data")
    ended = subprocess.run(
        [sys.executable, "-m", "upload_guard", "--config", str(config), "serve", "--port", str(free_port())],
        env=without_rbcl(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 2
    assert "pip install 'upload-guard[private]'" in ended.stderr.splitlines()[-1]


def test_a_listed_digest_is_found_with_its_category_and_another_is_not(settings: Settings) -> None:
    checks = prepare(settings)
    assert categories(checks, SignalType.SHA256, DIGESTS.sha256) == ("baseline",)
    assert categories(checks, SignalType.MD5, DIGESTS.md5) == ("baseline",)
    assert categories(checks, SignalType.SHA256, bytes(32)) is None


def test_nothing_is_prepared_twice(settings: Settings) -> None:
    prepare(settings)
    assert not private_set_is_due(settings, open_lists(settings))


def test_before_anything_is_prepared_it_is_not_ready(settings: Settings) -> None:
    checks = open_private_checks(settings)
    assert checks is not None
    with pytest.raises(NotReady, match="not prepared"):
        checks.offer(KEY)


def test_where_no_version_is_active_it_is_not_ready(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="is active"):
        prepare(settings_with(tmp_path)).offer(KEY)


def test_other_lists_are_left_out(settings: Settings) -> None:
    activate_list(settings, listed(b"of another supplier"), name="licensed", origin="other")
    checks = prepare(settings)
    assert categories(checks, SignalType.MD5, digests_of(b"of another supplier").md5) is None


def test_a_category_that_does_nothing_here_is_left_out(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, trust={"probation_hours": 0, "baseline": "ignore"})
    activate_list(settings, listed())
    assert prepare(settings).offer(KEY).labels == ()


# What changes what is in force, and the digest that is not to be found from then on.


def retract(settings: Settings) -> None:
    open_lists(settings).retract("test-list", [ListedHash(SignalType.SHA256, DIGESTS.sha256)], "tester")


def dispute(settings: Settings) -> None:
    now = datetime.now(UTC)
    with open_lists(settings).database.session() as session:
        session.add(
            EntryDispute(
                list_id=session.scalars(select(HashList.id)).one(),
                signal_type="sha256",
                value=DIGESTS.sha256,
                case_number="AAAA-AAAA-AAAA",
                proposed_at=now,
                proposed_by="ann",
                because="a holiday picture",
                agreed_at=now,
                agreed_by="ben",
            )
        )
        note_change(session)


def list_another_version(settings: Settings) -> None:
    activate_list(settings, listed()[1:])


@pytest.mark.parametrize("change", [retract, dispute, list_another_version], ids=lambda act: act.__name__)
def test_what_acts_no_more_is_gone_from_the_next_preparation_on(
    settings: Settings, change: Callable[[Settings], None]
) -> None:
    before = prepare(settings).offer(KEY).epoch
    change(settings)
    checks = prepare(settings)
    assert checks.offer(KEY).epoch != before
    assert categories(checks, SignalType.SHA256, DIGESTS.sha256) is None
    assert categories(checks, SignalType.MD5, DIGESTS.md5) == ("baseline",)


def test_what_is_added_is_found_from_the_next_preparation_on(settings: Settings) -> None:
    prepare(settings)
    added = digests_of(b"added").md5
    open_lists(settings).add("test-list", [ListedHash(SignalType.MD5, added)], "illegal", "tester")
    assert categories(prepare(settings), SignalType.MD5, added) == ("illegal",)


@pytest.mark.parametrize("later", ["never", "oblivious"])
def test_what_was_allowed_before_is_not_given_out_after_the_setting_says_otherwise(
    tmp_path: Path, later: str
) -> None:
    activate_list(settings_with(tmp_path, "ranges"), listed())
    prepare(settings_with(tmp_path, "ranges"))
    # Another list is still offered, so that somebody answers.
    lists = {"test-list": {"disclose": later}, "other": {"disclose": "ranges"}}
    checks = open_private_checks(settings_with(tmp_path, lists=lists))
    assert checks is not None
    with pytest.raises(NotReady, match="was changed"):
        checks.range(SignalType.MD5, "0")
    assert prepare(settings_with(tmp_path, lists=lists)).sets.current().manifest.table("md5") is None


def test_what_may_be_given_out_may_be_asked_about_obliviously_too(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, "ranges")
    activate_list(settings, listed())
    assert categories(prepare(settings), SignalType.MD5, DIGESTS.md5) == ("baseline",)


# Its key -------------------------------------------------------------------------------------------


def test_under_another_key_nothing_is_evaluated(settings: Settings) -> None:
    with pytest.raises(NotReady, match="another master key"):
        categories(under_another_key(prepare(settings)), SignalType.MD5, DIGESTS.md5)


def test_a_new_master_key_has_everything_prepared_anew(settings: Settings) -> None:
    before = prepare(settings).offer(KEY).oblivious.public_key
    replace_key_file(settings.data_dir)
    checks = prepare(settings)
    assert checks.offer(KEY).oblivious.public_key != before
    assert categories(checks, SignalType.MD5, DIGESTS.md5) == ("baseline",)


def test_each_period_has_a_key_of_its_own(settings: Settings) -> None:
    checks = open_private_checks(settings)
    assert checks is not None
    assert checks.key_of(1).public != checks.key_of(2).public
    assert checks.key_of(1) == checks.key_of(1)


# What a customer can find out ----------------------------------------------------------------------


def test_whoever_guesses_learns_no_more_of_the_list_than_its_quota_has(tmp_path: Path) -> None:
    """All buckets can be had; what is in them opens only to an evaluation."""
    digests = [digests_of(f"file {number}".encode()).sha256 for number in range(3 * QUOTA)]
    settings = settings_with(tmp_path)
    activate_list(settings, [ListedHash(SignalType.SHA256, one) for one in digests])
    checks = prepare(settings)
    found = 0
    for one in digests:
        try:
            found += categories(checks, SignalType.SHA256, one) is not None
        except QuotaSpent:
            continue
    assert found == QUOTA
    offer = checks.offer(KEY)
    buckets = checks.buckets(offer.epoch, range(1 << offer.oblivious.bits)).buckets
    whole = b"".join(map(base64.b64decode, buckets))
    assert not any(one[:8] in whole for one in digests)
