"""upload-guard customer, as somebody who writes bills types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run
from upload_guard.compose import open_database_of
from upload_guard.customers.quotas import Asker, Door, Quota, Quotas
from upload_guard.settings import Settings

QUOTA = Quota(per_day=100, rate=100.0, burst=100)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(
        'data_dir = "data"\n[customers.shop]\ncategories = ["baseline"]\nper_day = 100\n[customers.blog]\n'
    )
    quotas = Quotas(open_database_of(Settings(data_dir=tmp_path / "data")))
    quotas.charge(Asker("shop", "key-of-shop", Door.EOKM), QUOTA, 31)
    quotas.note_hits(Asker("shop", "key-of-shop", Door.EOKM), 2)
    quotas.charge(Asker("blog", "key-of-blog", Door.BATCH), QUOTA, 57)
    return tmp_path


def customer(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "config.toml", "customer", *arguments)


def test_all_customers_are_shown_by_month(folder: Path) -> None:
    said = customer(folder, "show")
    assert said.returncode == 0, said.stderr
    rows = [line.split() for line in said.stdout.splitlines()]
    assert [row[1:] for row in rows if row[1:3] in (["blog", "batch"], ["shop", "eokm"])] == [
        ["blog", "batch", "57", "0", "0"],
        ["shop", "eokm", "31", "2", "0"],
    ]
    assert "31 of 100" in said.stdout
    assert "57 of no end" in said.stdout
    assert "key-of-shop" not in said.stdout


def test_of_one_customer_the_days_of_each_key(folder: Path) -> None:
    said = customer(folder, "show", "shop")
    assert said.returncode == 0, said.stderr
    assert "key-of-shop" in said.stdout
    assert "blog" not in said.stdout


def test_nobody_of_that_name(folder: Path) -> None:
    said = customer(folder, "show", "shpo")
    assert said.returncode == 2
    assert "no customer is called 'shpo'" in said.stderr


def test_without_customers_it_says_how_to_have_one(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('data_dir = "data"\n')
    said = customer(tmp_path, "show")
    assert said.returncode == 0, said.stderr
    assert "[customers.NAME] makes one" in said.stdout
    assert "nothing was asked" in said.stdout
