"""What hashes alone tell: never more than the file would, and never that something is clean which is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.containers.writing import zipped
from tests.support import (
    activate_list,
    activate_listed_picture,
    digests_of,
    listed_hashes,
    pdq_of,
    picture_bytes,
    quiet_station,
    recompressed,
    settings_in,
    upload_of,
)
from upload_guard.checkers.by_signals import BySignals, Hashes, SignalChecker
from upload_guard.checkers.wire import NeedFile
from upload_guard.compose import Station, open_decisions, with_signal_checker
from upload_guard.records import Result, Signal, SignalType, Source, Upload, Verdict
from upload_guard.settings import Settings
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import EntryHit
from upload_guard.storage.tables import Case

LISTED = picture_bytes(1)
OTHER = picture_bytes(2)
FILES = {
    "listed": LISTED,
    "a likeness": recompressed(LISTED),
    "another picture": OTHER,
    "cut short": OTHER[:-900],
    "an archive with the listed file": zipped({"a.txt": b"text", "b.jpg": LISTED}),
    "an archive": zipped({"a.jpg": OTHER}),
    "text": b"hello",
    "nothing": b"",
}


@dataclass(frozen=True)
class House:
    """A station under some lists, bank and opinions, and who answers by hashes there."""

    station: Station
    signals: SignalChecker

    def by_hashes(self, data: bytes, site: str = "blog", **claims: bool) -> NeedFile:
        return self.signals.check(hashes_of(data, **claims), site).need

    def send(self, data: bytes, site: str = "blog") -> None:
        self.station.guard.check([upload(data, site)])


def upload(data: bytes, site: str = "blog") -> Upload:
    return upload_of(data, Source(site, "/up"))


def hashes_of(data: bytes, *, others: bool = True, look: bool = False, size: bool = True) -> Hashes:
    digests = digests_of(data)
    own = digests.signals() if others else (Signal(SignalType.SHA256, digests.sha256),)
    looks = (Signal(SignalType.PDQ, pdq_of(data)),) if look and data in {LISTED, OTHER} else ()
    return Hashes(own + looks, digests.size if size else None)


def house(own: Settings) -> House:
    return House(*with_signal_checker(quiet_station(own), own))


def exact_only(own: Settings, category: str = "baseline") -> None:
    activate_list(own, [one for one in listed_hashes(LISTED) if one.signal_type.exact], category=category)


def of_illegal(own: Settings) -> None:
    exact_only(own, "illegal")


def of_investigative(own: Settings) -> None:
    exact_only(own, "investigative")


def of_other(own: Settings) -> None:
    exact_only(own, "other")


def excepted(own: Settings) -> None:
    activate_listed_picture(own)
    case = quiet_station(own).guard.check([upload(LISTED)])[0].case
    open_decisions(own).false_positive(case, "tester", "a test")


STATES: dict[str, Callable[[Settings], None]] = {
    "no list": lambda _: None,
    "digests only": exact_only,
    "digests and looks": lambda own: activate_listed_picture(own) and None,
    "a category that holds": of_illegal,
    "a category that is noted": of_investigative,
    "a category that is ignored": of_other,
    "the listed file was found a false positive": excepted,
}


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, House]]:
    built = {}
    for number, (name, prepare) in enumerate(STATES.items()):
        # Every other one without the shipped bank: there an exact digest settles a file unopened.
        own = settings_in(tmp_path_factory.mktemp("house"), benign={"shipped": number % 2 == 0})
        prepare(own)
        built[name] = house(own)
    yield built
    for one in built.values():
        one.station.sandbox.close()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("state", STATES)
def test_hashes_never_say_what_the_file_would_not(houses: dict[str, House], state: str, name: str) -> None:
    here, data = houses[state], FILES[name]
    # Its site has not sent it, then it has; each time with every choice of what is said of it.
    for send in (False, True):
        if send:
            here.send(data)
        verdict = here.station.guard.inspect(upload(data))
        for others, look, size in product((True, False), repeat=3):
            found = here.signals.check(hashes_of(data, others=others, look=look, size=size), "blog")
            assert_within(found, verdict)


def assert_within(found: BySignals, verdict: Verdict) -> None:
    """What was found by hashes is nothing, or what the file gets."""
    if found.need is NeedFile.TO_LOOK:
        assert found.verdict is None
        return
    assert found.verdict is not None
    assert found.verdict.result is verdict.result
    if found.need is NeedFile.TO_KEEP:
        assert found.verdict.action.refuses
        assert verdict.action.refuses
        return
    assert (found.verdict.action, found.verdict.reason) == (verdict.action, verdict.reason)
    assert not verdict.action.refuses


def test_a_file_that_nobody_has_read_is_never_clean_by_its_hashes(tmp_path: Path) -> None:
    own = settings_in(tmp_path)
    exact_only(own)
    fresh = house(own)
    for name, data in FILES.items():
        expected = {"listed": NeedFile.TO_KEEP, "nothing": NeedFile.NO}.get(name, NeedFile.TO_LOOK)
        assert fresh.by_hashes(data) is expected, name


def test_a_file_that_the_same_site_has_just_sent_needs_not_be_sent_again(tmp_path: Path) -> None:
    own = settings_in(tmp_path)
    activate_listed_picture(own)
    fresh = house(own)
    fresh.send(OTHER, "blog")
    assert fresh.by_hashes(OTHER, "blog") is NeedFile.NO
    assert fresh.by_hashes(OTHER, "shop") is NeedFile.TO_LOOK


def test_what_was_read_counts_no_more_when_the_lists_have_changed(tmp_path: Path) -> None:
    own = settings_in(tmp_path)
    activate_listed_picture(own)
    fresh = house(own)
    fresh.send(OTHER)
    activate_list(own, listed_hashes(OTHER), "second-list")
    fresh.station.snapshot.look()
    assert fresh.by_hashes(OTHER) is NeedFile.TO_KEEP


def test_a_size_that_does_not_go_with_the_digest_settles_nothing(tmp_path: Path) -> None:
    own = settings_in(tmp_path)
    activate_listed_picture(own)
    nothing = hashes_of(b"")
    assert house(own).signals.check(Hashes(nothing.signals, 5), "blog").need is NeedFile.TO_LOOK


def test_a_look_alone_refuses_nothing_and_is_told(tmp_path: Path) -> None:
    own = settings_in(tmp_path)
    activate_listed_picture(own)
    likeness = recompressed(LISTED)
    claimed = Hashes((*hashes_of(likeness).signals, Signal(SignalType.PDQ, pdq_of(likeness))))
    found = house(own).signals.check(claimed, "blog")
    assert (found.need, found.verdict) == (NeedFile.TO_LOOK, None)
    assert [match.signal_type for match in found.matches] == [SignalType.PDQ]


def test_asking_by_hashes_writes_nothing_down(tmp_path: Path) -> None:
    own = settings_in(tmp_path)
    activate_listed_picture(own)
    here = house(own)
    for _ in range(50):
        here.by_hashes(LISTED)
    assert rows(here.station.keeper.database) == 0


def rows(database: Database) -> int:
    """Of cases, and of what the flood breaker counts."""
    with database.session() as session:
        counted = [session.scalar(select(func.count()).select_from(table)) for table in (Case, EntryHit)]
    return sum(count or 0 for count in counted)


def test_an_answer_without_a_file_is_clean_only_where_the_result_is(tmp_path: Path) -> None:
    own = settings_in(tmp_path)
    here = house(own)
    found = here.signals.check(hashes_of(OTHER), "blog")
    assert found.verdict is not None
    assert (found.need, found.verdict.result) == (NeedFile.NO, Result.UNCHECKED)
