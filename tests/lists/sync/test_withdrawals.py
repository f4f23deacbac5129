"""Withdrawn is withdrawn: at once, and without taking a person's word back."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.lists.sync.exchanges import Written, md5, page
from tests.lists.sync.test_run import MANY, Fetched
from tests.support import settings_in
from upload_guard.errors import ListHeld, UpstreamUnreachable
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.records import SignalType


def digest_of_nothing() -> bytes:
    """A real list holds it; the gate puts it aside."""
    return hashlib.md5(b"").digest()


@pytest.fixture
def fetched(tmp_path: Path) -> Fetched:
    """Twenty active."""
    list_ = Fetched(settings_in(tmp_path), Written())
    list_.gives(page("a", *MANY))
    list_.run()
    list_.lists.activate("icse", 1, "bob")
    return list_


def test_it_acts_no_more_as_soon_as_its_page_came_whatever_becomes_of_the_run(fetched: Fetched) -> None:
    fetched.gives(page("a"), page("b", withdrawn=(3,)), None)
    assert list(fetched.lists.holders([md5(3)])) == [frozenset({"icse"})]
    fetched.fails(UpstreamUnreachable)
    assert list(fetched.lists.holders([md5(3)])) == [frozenset()]
    assert fetched.acting == sorted({*MANY} - {3})
    assert fetched.versions == [1]


def test_it_acts_no_more_although_the_version_without_it_is_held(fetched: Fetched) -> None:
    fetched.gives(page("a"), page("b", *range(100, 400), withdrawn=(3,)))
    fetched.fails(ListHeld)
    assert fetched.acting == sorted({*MANY} - {3})


def test_listed_again_it_acts_again(fetched: Fetched) -> None:
    fetched.gives(page("a"), page("b", withdrawn=(3,)))
    fetched.run()
    fetched.gives(page("a"), page("b"), page("c", 3))
    fetched.run()
    assert fetched.acting == [*MANY]


def test_withdrawn_and_listed_again_in_one_run_it_acts_at_its_end(fetched: Fetched) -> None:
    fetched.gives(page("a"), page("b", withdrawn=(3,)), page("c", 3))
    fetched.run()
    assert (fetched.acting, fetched.versions) == ([*MANY], [1])


def test_what_a_person_retracted_stays_out_whatever_the_exchange_says(fetched: Fetched) -> None:
    fetched.lists.retract("icse", [md5(3)], "eve")
    fetched.gives(page("a"), page("b", withdrawn=(3,)), page("c", 3), page("d", 21))
    fetched.run()
    assert fetched.acting == sorted({*MANY, 21} - {3})


def test_so_does_what_a_person_retracts_after_the_exchange_did(fetched: Fetched) -> None:
    fetched.gives(page("a"), page("b", withdrawn=(3,)))
    fetched.run()
    fetched.lists.retract("icse", [md5(3)], "eve")
    fetched.gives(page("a"), page("b"), page("c", 3))
    fetched.run()
    assert fetched.acting == sorted({*MANY} - {3})


def test_listed_again_it_does_not_come_back_past_the_gate(fetched: Fetched) -> None:
    junk = Record("junk", [ListedHash(SignalType.MD5, digest_of_nothing())])
    fetched.gives(page("a"), Page([junk], (), "b"))
    fetched.run()
    (aside,) = fetched.lists.examine("icse", 2).aside
    assert aside.reason
    fetched.gives(page("a"), page("b"), Page((), ["junk"], "c"), Page([junk], (), "d"), page("e", 21))
    fetched.run()
    assert fetched.acting == [*MANY, 21]


def test_half_of_a_list_withdrawn_at_once_waits_for_a_person(
    fetched: Fetched, caplog: pytest.LogCaptureFixture
) -> None:
    fetched.gives(page("a"), *(page(f"b{number}", withdrawn=(number,)) for number in range(1, 13)))
    fetched.fails(ListHeld)
    assert len(fetched.acting) > len(MANY) // 2
    assert "ALARM: list 'icse': its exchange withdraws very many of 20 hashes" in caplog.text
    assert caplog.text.count("very many") == 1


def test_nor_does_half_of_it_go_by_runs_that_fail_on_purpose(
    fetched: Fetched, caplog: pytest.LogCaptureFixture
) -> None:
    pages = [page("a")]
    for number in MANY:
        pages.append(page(f"b{number}", withdrawn=(number,)))
        fetched.gives(*pages, None)
        fetched.fails(UpstreamUnreachable)
    assert len(fetched.acting) > len(MANY) // 2
    assert "withdraws very many of 20 hashes" in caplog.text


def test_what_is_withdrawn_before_the_list_acts_is_no_retraction(tmp_path: Path) -> None:
    list_ = Fetched(settings_in(tmp_path), Written())
    list_.gives(page("a", *MANY), page("b", withdrawn=(3,)))
    list_.run()
    (version,) = list_.lists.versions()
    assert (version.entries, version.retracted) == (19, 0)
