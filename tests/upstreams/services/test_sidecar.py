"""Another upload_guard: hashes each for itself, files without a trace, all of it signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import key_of, write_config
from tests.serving import sidecar as real_sidecar
from tests.support import activate_listed_picture, picture_bytes
from tests.upstreams.services.asked import (
    CLEAN,
    CLEAN_FILE,
    CLEAN_MD5,
    LISTED,
    LISTED_FILE,
    LISTED_MD5,
    MACHINE,
    a_sidecar,
    of_file,
)
from tests.upstreams.stand_in import StandIn, stand_in
from tests.upstreams.standins.hma import told
from tests.upstreams.standins.sidecar import Sidecar as StandInSidecar
from upload_guard.compose import open_cases
from upload_guard.errors import StorageFailed, UpstreamGarbled, UpstreamRefused, UpstreamUnreachable
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import Signal, SignalType
from upload_guard.signing import Credentials
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.services.service import Hit, Question, Told
from upload_guard.upstreams.services.sidecar import Sidecar


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


@pytest.fixture
def system(server: StandIn) -> StandInSidecar:
    server.asked.clear()
    server.instead = None
    server.otherwise = a_sidecar()
    return server.otherwise


@pytest.fixture
def service(server: StandIn, system: StandInSidecar) -> Sidecar:
    return Sidecar(Asker(), server.url, MACHINE)


def test_each_hash_is_an_item_and_told_apart(
    server: StandIn, system: StandInSidecar, service: Sidecar
) -> None:
    system.listed[LISTED_MD5.value.hex()] = ("match", "illegal")
    assert service.ask(Question((CLEAN, LISTED, CLEAN_MD5, LISTED_MD5)), 20) == Told(
        (
            Hit(LISTED, "baseline", distance=9, near=True),
            Hit(LISTED_MD5, "illegal", distance=9),
        )
    )
    assert json.loads(server.asked[0].body)["items"][1] == {
        "id": "1",
        "pdq": LISTED.value.hex(),
        "upload": "a",
    }
    assert server.paths == ["/v1/check/batch"]


def test_a_key_without_details_tells_the_category_as_well(system: StandInSidecar, service: Sidecar) -> None:
    system.details = False
    assert service.ask(Question((LISTED,)), 20) == Told((Hit(LISTED, "baseline", near=True),))


def test_what_it_disputes_is_no_hit(system: StandInSidecar, service: Sidecar) -> None:
    system.listed[LISTED.value.hex()] = ("disputed", "baseline")
    assert service.ask(Question((LISTED,)), 20) == Told()


def test_lists_that_are_not_in_force_there_are_no_answer_and_a_hit_stands(
    system: StandInSidecar, service: Sidecar
) -> None:
    system.covered, system.missing = set(), "lists_missing"
    with pytest.raises(UpstreamUnreachable, match="no list in force"):
        service.ask(Question((CLEAN, CLEAN_MD5)), 20)
    system.covered = {"pdq"}
    assert service.ask(Question((LISTED, CLEAN_MD5)), 20).hits == (
        Hit(LISTED, "baseline", distance=9, near=True),
    )


def test_hashes_that_none_of_its_lists_has_are_not_listed_where_others_were_compared(
    system: StandInSidecar, service: Sidecar
) -> None:
    system.covered = {"md5"}
    assert service.ask(Question((CLEAN_MD5, CLEAN)), 20) == Told()
    told_of = service.ask(Question((CLEAN,)), 20)
    assert "no list" in told_of.unhashable


def test_more_hashes_than_fit_go_in_several_questions(
    server: StandIn, system: StandInSidecar, service: Sidecar
) -> None:
    signals = tuple(Signal(SignalType.MD5, number.to_bytes(16)) for number in range(2001))
    system.listed[signals[2000].value.hex()] = ("match", "")
    assert [hit.signal for hit in service.ask(Question(signals), 20).hits] == [signals[2000]]
    assert len(server.asked) == 3


def test_a_hash_that_it_does_not_take_clears_nothing(server: StandIn, service: Sidecar) -> None:
    fault = {"code": "invalid_hash", "message": "No such hash."}
    hit = {"id": "1", "result": "match", "category": "baseline", "compared": ["md5"], "fault": None}
    server.instead = told({"answers": [{"id": "0", "result": None, "fault": fault}, hit]})
    told_of = service.ask(Question((CLEAN, LISTED_MD5)), 20)
    assert told_of.hits == (Hit(LISTED_MD5, "baseline"),)
    assert "invalid_hash" in told_of.unhashable


ITEM = {"id": "0", "result": "clean", "action": "allow", "compared": ["md5"], "fault": None}
ODD: dict[str, dict[str, object]] = {
    "of another item": {"id": "1"},
    "compared with nothing": {"compared": []},
    "compared with another type": {"compared": ["sha1"]},
    "a result and a fault": {"fault": {"code": "not_covered"}},
    "neither": {"result": None},
    "unchecked": {"result": "unchecked"},
    "clean, with a match": {
        "matches": [{"list": "a", "category": "b", "signal_type": "md5", "distance": 0}],
    },
    "nearer than the same": {
        "matches": [{"list": "a", "category": "b", "signal_type": "pdq", "distance": -1}],
    },
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_what_does_not_hang_together_is_no_answer(
    server: StandIn, system: StandInSidecar, service: Sidecar, odd: dict[str, object]
) -> None:
    server.instead = told({"answers": [ITEM]})
    assert service.ask(Question((CLEAN_MD5,)), 20) == Told()
    for answers in ([ITEM | odd], [], [ITEM, ITEM]):
        server.instead = told({"answers": answers})
        with pytest.raises(UpstreamGarbled):
            service.ask(Question((CLEAN_MD5,)), 20)


def test_another_key_is_not_let_in(server: StandIn, system: StandInSidecar) -> None:
    service = Sidecar(Asker(), server.url, Credentials("KEYID", "another"))
    with pytest.raises(UpstreamRefused, match="status 401"):
        service.ask(Question((CLEAN,)), 20)


def test_a_file_is_a_hit_for_each_entry_that_is_named(system: StandInSidecar, service: Sidecar) -> None:
    match = {"list": "police", "version": 1, "category": "baseline", "signal_type": "sha256", "distance": 0}
    look = match | {"signal_type": "pdq", "distance": 7, "category": "illegal"}
    system.files[LISTED_FILE] = {"result": "match", "action": "block", "matches": [match, look]}
    assert service.ask(of_file(LISTED_FILE), 20) == Told(
        (Hit(None, "baseline", "police"), Hit(None, "illegal", "police", 7, near=True))
    )
    for result in ("match", "near"):
        system.files[LISTED_FILE] = {"result": result, "action": "quarantine"}
        assert service.ask(of_file(LISTED_FILE), 20) == Told((Hit(near=result == "near"),))


def test_a_file_that_it_could_not_read_is_unhashable(system: StandInSidecar, service: Sidecar) -> None:
    system.files[CLEAN_FILE] = {"result": "unscannable", "action": "quarantine"}
    assert service.ask(of_file(CLEAN_FILE), 20).unhashable


def test_a_file_that_it_could_read_only_in_part_is_a_hit_of_that_part(
    system: StandInSidecar, service: Sidecar
) -> None:
    match = {"list": "police", "version": 1, "category": "other", "signal_type": "pdq", "distance": 3}
    system.files[CLEAN_FILE] = {"result": "unscannable", "action": "block", "matches": [match]}
    told_of = service.ask(of_file(CLEAN_FILE), 20)
    assert told_of.hits == (Hit(None, "other", "police", 3, near=True),)
    assert told_of.unhashable


def test_what_it_excuses_is_no_hit_beside_what_it_does_not(system: StandInSidecar, service: Sidecar) -> None:
    match = {"list": "police", "version": 1, "category": "other", "signal_type": "sha256", "distance": 0}
    excused = match | {"category": "baseline", "excused": True}
    system.files[LISTED_FILE] = {"result": "match", "action": "block", "matches": [match, excused]}
    assert service.ask(of_file(LISTED_FILE), 20) == Told((Hit(None, "other", "police"),))
    for result in ("unscannable", "disputed"):
        system.files[LISTED_FILE] = {"result": result, "action": "allow", "matches": [excused]}
        assert service.ask(of_file(LISTED_FILE), 20).hits == ()


@pytest.mark.parametrize(
    "noted",
    [
        {"result": "near", "action": "monitor"},
        {
            "result": "near",
            "action": "monitor",
            "matches": [
                {"list": "police", "category": "illegal", "signal_type": "phash", "distance": 4},
            ],
        },
    ],
    ids=["of what category nobody says", "by a coarse look"],
)
def test_what_it_merely_notes_is_no_hit(
    system: StandInSidecar, service: Sidecar, noted: dict[str, object]
) -> None:
    system.files[LISTED_FILE] = noted
    assert service.ask(of_file(LISTED_FILE), 10) == Told()


def test_a_file_that_it_had_nothing_to_compare_with_is_not_checked(
    system: StandInSidecar, service: Sidecar
) -> None:
    system.files[CLEAN_FILE] = {"result": "unchecked", "action": "allow"}
    with pytest.raises(UpstreamRefused, match="no list"):
        service.ask(of_file(CLEAN_FILE), 20)


def test_what_is_clean_and_refused_or_listed_is_no_answer(system: StandInSidecar, service: Sidecar) -> None:
    match = {"list": "police", "version": 1, "category": "other", "signal_type": "pdq", "distance": 3}
    for odd in ({"action": "block"}, {"matches": [match]}):
        system.files[CLEAN_FILE] = {"result": "clean", **odd}
        with pytest.raises(UpstreamGarbled):
            service.ask(of_file(CLEAN_FILE), 20)


def test_a_file_that_cannot_be_read_here_is_a_fault_of_this_machine(service: Sidecar) -> None:
    class Gone:
        def open(self) -> None:
            raise OSError(5, "Input/output error")

    with pytest.raises(StorageFailed):
        service.ask(Question((), Gone()), 20)  # type: ignore[arg-type]


@pytest.mark.live
def test_a_real_one_tells_of_a_file_and_keeps_nothing_of_it(tmp_path: Path) -> None:
    config = write_config(tmp_path / "other.toml", {"trust": {"probation_hours": 0}}, data_dir="data")
    settings = load_settings(config)
    listed = activate_listed_picture(settings)
    with real_sidecar(config) as url:
        service = Sidecar(Asker(), url, key_of(config, "customer", Scope.CHECK, Scope.DETAILS))
        told_of = service.ask(of_file(listed), 60)
        assert {hit.category for hit in told_of.hits} == {"baseline"}
        assert service.ask(of_file(picture_bytes(7)), 60) == Told()
        with pytest.raises(UpstreamRefused, match="status 401"):
            Sidecar(Asker(), url, Credentials("KEYID", "no secret")).ask(of_file(listed), 60)
    assert open_cases(settings).newest(10) == ()
