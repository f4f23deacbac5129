"""The commands about customers' hits, as whoever runs a check service gives them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run
from tests.support import LISTED_SEED, activate_listed_picture, digests_of, picture_bytes
from upload_guard.audit.opening import open_audited
from upload_guard.customers.hits import AnsweredHit
from upload_guard.customers.opening import hits_in, outcomes_in
from upload_guard.customers.wire import HitOutcome, OutcomeTold
from upload_guard.loading import load_settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A check service with a listed picture, on which a customer had a hit that it doubts."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "config.toml").write_text("")
    settings = load_settings(folder / "config.toml")
    activate_listed_picture(settings)
    database = open_audited(settings)
    answer = AnsweredHit(digests_of(picture_bytes(LISTED_SEED)).signals(), "baseline")
    (hit,) = hits_in(settings, database).note("forum", [answer])
    told = OutcomeTold(hit=hit, outcome=HitOutcome.FALSE_POSITIVE)
    outcomes_in(settings, database).tell("forum", [told], "k")
    return folder


def command(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "config.toml", "customer", *arguments)


def test_hits_are_shown_by_customer_and_month(folder: Path) -> None:
    said = command(folder, "hits").stdout
    assert "followed up in time" in said
    assert "forum" in said


def test_the_same_for_programs(folder: Path) -> None:
    (row,) = csv.DictReader(command(folder, "hits", "--csv").stdout.splitlines())
    assert (row["customer"], row["hits"], row["followed_up_in_time"]) == ("forum", "1", "1")
    assert (row["open"], row["share_in_time"], row["false_positives"]) == ("0", "1.0", "1")


def test_a_doubted_entry_is_named_without_its_hash(folder: Path) -> None:
    said = command(folder, "doubts").stdout
    assert "test-list" in said
    assert "forum" in said
    assert digests_of(picture_bytes(LISTED_SEED)).sha256.hex() not in said
