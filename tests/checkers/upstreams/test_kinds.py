"""Each kind of service by its settings: let in, sent what it takes, and its words understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checkers.upstreams.services import station_of
from tests.support import (
    OTHER_SEED,
    activate_listed_picture,
    digests_of,
    pdq_of,
    picture_bytes,
    settings_in,
    upload_of,
)
from tests.upstreams.stand_in import Asked, Reply, StandIn, stand_in
from tests.upstreams.standins.arachnid import Arachnid
from tests.upstreams.standins.hma import Hma
from tests.upstreams.standins.photodna import PhotoDna
from tests.upstreams.standins.sidecar import Sidecar
from upload_guard.checkers.by_signals import Hashes
from upload_guard.checkers.wire import NeedFile
from upload_guard.compose import Station, with_signal_checker
from upload_guard.records import Action, Result, Verdict
from upload_guard.settings import Settings

DATA = picture_bytes(OTHER_SEED)
SYSTEMS: dict[str, Callable[[], Callable[[Asked], Reply]]] = {
    "hma": Hma,
    "arachnid": Arachnid,
    "photodna": PhotoDna,
    "upload_guard": Sidecar,
}


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_asked_yet(running: StandIn) -> None:
    running.asked.clear()


def settings(folder: Path, running: StandIn, system: object, **options: object) -> Settings:
    """A site that asks `system`, by the stand-in, and may block by it."""
    running.otherwise = system  # type: ignore[assignment]
    own: dict[str, object] = {"url": running.url, "origin": "elsewhere", "category": "baseline"}
    match system:
        case Hma(key=key):
            own |= {"kind": "hma", "key": key}
        case Arachnid(user=user, password=password):
            own |= {"kind": "arachnid", "user": user, "password": password}
        case PhotoDna(key=key):
            own |= {"kind": "photodna", "url": f"{running.url}/photodna/v1.0", "key": key}
        case Sidecar(key_id=key_id, secret=secret):
            own |= {"kind": "upload_guard", "user": key_id, "password": secret}
    return settings_in(folder, upstreams={"service": own | options})


def verdict(settings: Settings, data: bytes = DATA) -> Verdict:
    (outcome,) = station_of(settings).guard.check([upload_of(data)])
    return outcome.verdict


def bytes_seen(running: StandIn) -> bool:
    return any(DATA[100:200] in one.body for one in running.asked)


# By hashes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["hma", "arachnid", "upload_guard"])
def test_what_is_not_known_is_clean_and_no_file_left(tmp_path: Path, running: StandIn, kind: str) -> None:
    found = verdict(settings(tmp_path, running, SYSTEMS[kind]()))
    assert (found.result, found.degraded) == (Result.CLEAN, ())
    assert running.asked
    assert not bytes_seen(running)


def test_hma_knows_a_look_which_holds_at_most(tmp_path: Path, running: StandIn) -> None:
    system = Hma(banks={"BANK": {pdq_of(DATA).hex()}}, key="k")
    found = verdict(settings(tmp_path, running, system))
    assert (found.result, found.action, found.reason) == (Result.MATCH, Action.QUARANTINE, "perceptual")


def test_only_the_plain_look_leaves_where_settings_say_so(tmp_path: Path, running: StandIn) -> None:
    assert verdict(settings(tmp_path, running, Hma(), variants=False)).result is Result.CLEAN
    assert [pdq_of(DATA).hex() in one.path for one in running.asked] == [True]


def test_a_bank_of_hma_can_be_called_harmless(tmp_path: Path, running: StandIn) -> None:
    system = Hma(banks={"Holiday": {pdq_of(DATA).hex()}})
    ignoring = settings(tmp_path, running, system, categories={"holiday": "other"})
    assert verdict(ignoring).action is Action.ALLOW


def test_arachnid_knows_a_look(tmp_path: Path, running: StandIn) -> None:
    system = Arachnid(hashes={pdq_of(DATA): ("csam", "near")})
    assert verdict(settings(tmp_path, running, system)).action is Action.QUARANTINE


@pytest.mark.parametrize(
    ("category", "action"),
    [("baseline", Action.BLOCK), ("investigative", Action.MONITOR), ("a word of theirs", Action.BLOCK)],
)
def test_the_categories_of_another_upload_guard_are_ours(
    tmp_path: Path, running: StandIn, category: str, action: Action
) -> None:
    system = Sidecar(listed={digests_of(DATA).sha1.hex(): ("match", category)}, details=True)
    assert verdict(settings(tmp_path, running, system)).action is action


# By the file --------------------------------------------------------------------------------------


def test_these_very_bytes_may_block(tmp_path: Path, running: StandIn) -> None:
    system = Arachnid(files={DATA: ("csam", "exact")})
    assert verdict(settings(tmp_path, running, system, send=["file"])).action is Action.BLOCK
    assert bytes_seen(running)


def test_a_near_file_holds_at_most(tmp_path: Path, running: StandIn) -> None:
    system = Arachnid(files={DATA: ("csam", "near")})
    assert verdict(settings(tmp_path, running, system, send=["file"])).action is Action.QUARANTINE


def test_photodna_holds_at_most(tmp_path: Path, running: StandIn) -> None:
    system = PhotoDna(matches={DATA: [("Test", ["A1"])]})
    found = verdict(settings(tmp_path, running, system, send=["file"]))
    assert (found.action, found.reason) == (Action.QUARANTINE, "perceptual")


@pytest.mark.parametrize("listed", [True, False], ids=["with a list", "without any"])
def test_what_a_service_does_not_take_is_neither_known_nor_not_known(
    tmp_path: Path, running: StandIn, listed: bool
) -> None:
    own = settings(tmp_path, running, PhotoDna(), send=["file"])
    if listed:
        activate_listed_picture(own)
    found = verdict(own, b"no picture at all")
    assert found.result is (Result.CLEAN if listed else Result.UNCHECKED)
    assert found.degraded == ("service: PhotoDNA takes no application/octet-stream",)
    assert running.asked == []


def test_a_file_is_sent_once_and_its_answer_remembered(tmp_path: Path, running: StandIn) -> None:
    station = station_of(settings(tmp_path, running, Arachnid(), send=["file"]))
    for _ in range(2):
        station.guard.check([upload_of(DATA)])
    assert len(running.asked) == 1


def asked_by_hashes(station: Station, own: Settings, *, sent_before: bool) -> NeedFile:
    watched, checker = with_signal_checker(station, own)
    if sent_before:
        watched.guard.check([upload_of(DATA)])
    digests = digests_of(DATA)
    return checker.check(Hashes(digests.signals(), digests.size), "test").need


def test_hashes_alone_never_pass_what_a_service_wants_to_see(tmp_path: Path, running: StandIn) -> None:
    own = settings(tmp_path, running, PhotoDna(), send=["file"])
    activate_listed_picture(own)
    assert asked_by_hashes(station_of(own), own, sent_before=False) is NeedFile.TO_LOOK
    assert asked_by_hashes(station_of(own), own, sent_before=True) is NeedFile.NO
    forgetful = settings(tmp_path, running, PhotoDna(), send=["file"], negative_seconds=0)
    assert asked_by_hashes(station_of(forgetful), forgetful, sent_before=True) is NeedFile.TO_LOOK


# Too often ----------------------------------------------------------------------------------------


def test_a_rate_that_is_used_up_is_a_failure(tmp_path: Path, running: StandIn) -> None:
    own = settings(tmp_path, running, Hma(), rate=0.01, timeout=30, failure="degrade")
    activate_listed_picture(own)
    found = verdict(own)
    assert found.degraded == ("service: no answer (timeout)",)
    assert len(running.asked) == 1


def test_one_that_fails_again_and_again_is_not_asked_any_more(tmp_path: Path, running: StandIn) -> None:
    own = settings(tmp_path, running, Arachnid(), failures=2, pause=3600, failure="degrade")
    activate_listed_picture(own)
    running.otherwise = Reply(b"", 503)
    station = station_of(own)
    uploads = [upload_of(picture_bytes(seed)) for seed in (11, 12, 13)]
    notes = [outcome.verdict.degraded for outcome in station.guard.check(uploads)]
    assert len(running.asked) == 2
    assert notes[-1] == ("service: no answer (unreachable)",)
    (standing,) = station.checker.upstreams.standings
    assert standing.resting
    assert "given a rest" in standing.fault
