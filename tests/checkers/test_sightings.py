"""Which files each site has sent in a moment ago."""

from __future__ import annotations

from tests.support import upload_of
from upload_guard.checkers.sightings import Sightings
from upload_guard.records import Action, Findings, Outcome, Result, Source, Verdict

OUTCOME = Outcome(Verdict(Result.CLEAN, Action.ALLOW))


def seen(sightings: Sightings, data: bytes, site: str) -> None:
    sightings.note(upload_of(data, Source(site)), OUTCOME, Findings())


def sha256(data: bytes) -> bytes:
    return upload_of(data).digest.sha256


def test_a_file_is_known_to_the_site_that_sent_it_and_to_no_other() -> None:
    sightings = Sightings(10, 60)
    seen(sightings, b"one", "blog")
    assert sightings.has("blog", sha256(b"one"))
    assert not sightings.has("shop", sha256(b"one"))
    assert not sightings.has("blog", sha256(b"other"))


def test_it_is_forgotten_after_its_time() -> None:
    now = [0.0]
    sightings = Sightings(10, 60, lambda: now[0])
    seen(sightings, b"one", "blog")
    now[0] = 59.9
    assert sightings.has("blog", sha256(b"one"))
    now[0] = 60.1
    assert not sightings.has("blog", sha256(b"one"))


def test_the_oldest_go_first_where_there_are_too_many() -> None:
    sightings = Sightings(2, 60)
    for data in (b"1", b"2", b"1", b"3"):
        seen(sightings, data, "blog")
    assert [sightings.has("blog", sha256(data)) for data in (b"1", b"2", b"3")] == [True, False, True]


def test_without_a_cache_nothing_is_remembered() -> None:
    sightings = Sightings(0, 60)
    seen(sightings, b"one", "blog")
    assert not sightings.has("blog", sha256(b"one"))
