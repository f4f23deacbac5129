"""What is thought here of files and entries: how a process comes to know that it has changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import lay_schema
from upload_guard.lists.opinions import OpinionStore, note_change
from upload_guard.storage.database import open_database
from upload_guard.storage.opinion_tables import Exemption

NOW = datetime.now(UTC)
SHA256 = bytes(32)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return lay_schema(f"sqlite:///{tmp_path / 'rows.sqlite3'}")


@pytest.fixture
def opinions(url: str) -> OpinionStore:
    return OpinionStore(open_database(url))


def exempt(url: str, until: datetime | None) -> None:
    """As another process does."""
    with open_database(url).session() as session:
        note_change(session)
        session.add(
            Exemption(
                sha256=SHA256,
                site="blog",
                case_number="1",
                made_at=NOW,
                made_by="ann",
                because="harmless",
                entries=[],
                until=until,
            )
        )


def test_what_another_process_decides_is_another_generation_at_once(opinions: OpinionStore, url: str) -> None:
    before = opinions.generation()
    assert opinions.generation() == before
    exempt(url, None)
    assert opinions.generation() == opinions.load().generation != before


def test_an_exemption_that_runs_out_is_another_generation_though_no_row_changes(
    opinions: OpinionStore, url: str
) -> None:
    exempt(url, NOW + timedelta(days=1))
    exempt(url, NOW + timedelta(days=3))
    before = opinions.generation()
    assert len(opinions.load().exempted[SHA256, "blog"]) == 2
    later = replace(opinions, now=lambda: NOW + timedelta(days=2))
    assert later.generation() == later.load().generation != before
    assert len(later.load().exempted[SHA256, "blog"]) == 1
