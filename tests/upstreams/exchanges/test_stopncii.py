"""StopNCII's records: which of them act, which withdraw, and where its sets lead."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.upstreams.exchanges.machine import MANY, Machine, machine
from tests.upstreams.stand_in import Reply
from tests.upstreams.standins.stopncii import TIME, StopNcii, answer, record
from tests.upstreams.standins.supply import digits
from upload_guard.errors import ListError, UpstreamGarbled
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.sync.exchange import Page
from upload_guard.records import SignalType


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Machine]:
    with machine(StopNcii(), tmp_path) as running:
        yield running


def held(pages: list[Page]) -> list[str]:
    return [record.key for page in pages for record in page.records]


def withdrawn(pages: list[Page]) -> list[str]:
    return [key for page in pages for key in page.withdrawn]


def key(number: int) -> str:
    return f"ImagePDQ/{digits(SignalType.PDQ, number)}"


def test_an_active_record_is_a_pdq_hash(ours: Machine) -> None:
    ours.supply.broken = {1: answer([record(1)])}
    ((only,),) = [page.records for page in ours.fetch()]
    assert list(only.hashes) == [ListedHash(SignalType.PDQ, bytes.fromhex(digits(SignalType.PDQ, 1)))]


@pytest.mark.parametrize("status", ["Withdrawn", "Deleted", "Received", "Unknown"])
def test_any_other_status_withdraws_the_hash_and_it_really_stops_acting(ours: Machine, status: str) -> None:
    ours.supply.hold(*MANY)
    ours.activate()
    ours.supply.withdraw(3, status)
    ours.run()
    assert ours.acting == [1, 2, *range(4, 13)]


def test_what_is_listed_again_acts_again(ours: Machine) -> None:
    ours.supply.hold(*MANY)
    ours.activate()
    ours.supply.withdraw(3)
    ours.run()
    ours.supply.return_all([3])
    ours.run()
    assert ours.acting == [*MANY]


def test_the_last_word_on_a_hash_counts_in_whatever_case_it_is_written(ours: Machine) -> None:
    upper = record(1, "Withdrawn", hashValue=digits(SignalType.PDQ, 1).upper())
    ours.supply.broken = {1: answer([record(1), upper, record(2)])}
    pages = ours.fetch()
    assert (held(pages), withdrawn(pages)) == ([key(2)], [key(1)])


def test_a_withdrawal_with_blanks_around_its_hash_is_of_the_same_record(ours: Machine) -> None:
    blank = record(1, "Withdrawn", hashValue=f" {digits(SignalType.PDQ, 1)}\n")
    ours.supply.broken = {1: answer([record(1), blank])}
    pages = ours.fetch()
    assert (held(pages), withdrawn(pages)) == ([], [key(1)])


def test_hashes_of_other_things_are_passed_over_and_counted(
    ours: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    others = [record(1, signalType="VideoMD5", hashValue="ab" * 16), record(2, signalType="URL")]
    ours.supply.broken = {1: answer([*others, record(3)])}
    assert held(ours.fetch()) == [key(3)]
    assert "left out: 1 URL records, 1 VideoMD5 records" in caplog.text


def without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {field: value for field, value in row.items() if field != name}


def test_only_value_and_status_have_to_be_there(ours: Machine) -> None:
    bare = {"hashValue": digits(SignalType.PDQ, 1), "hashStatus": "Active"}
    body = json.dumps({"hashRecords": [bare], "nextSetTimestamp": TIME}).encode()
    ours.supply.broken = {1: Reply(body)}
    assert held(ours.fetch()) == [key(1)]


BAD = {
    "status that nobody knows": answer([record(1, "active?")]),
    "no status": answer([without(dict(record(1)), "hashStatus")]),
    "no value": answer([without(dict(record(1)), "hashValue")]),
    "no records": Reply(b'{"nextSetTimestamp": 1700000000}'),
    "no time": Reply(b'{"hashRecords": []}'),
    "a time to come": answer([record(1)], following=99_999_999_999),
    "a time to come in milliseconds": answer([record(1)], following=9_999_999_999_999),
    "endless token": answer([record(1)], "t" * 5000),
    "more and no token": Reply(
        b'{"hashRecords": [], "hasMoreRecords": true, "nextPageToken": "", "nextSetTimestamp": 1}'
    ),
    "no object": Reply(b"[]"),
}


@pytest.mark.parametrize("reply", BAD.values(), ids=BAD.keys())
def test_what_could_be_anything_is_refused(ours: Machine, reply: Reply) -> None:
    ours.supply.broken = {1: reply}
    with pytest.raises(UpstreamGarbled):
        ours.fetch()


def test_a_fault_shows_no_hash(ours: Machine) -> None:
    ours.supply.broken = {1: answer([record(1, "active?")])}
    with pytest.raises(
        UpstreamGarbled, match=r"FetchHashes: hashRecords\.0\.hashStatus: Input should be"
    ) as told:
        ours.fetch()
    assert digits(SignalType.PDQ, 1) not in str(told.value)


def test_what_is_no_hash_is_refused(ours: Machine) -> None:
    ours.supply.broken = {1: answer([record(1, hashValue="abc")])}
    with pytest.raises(ListError, match="hashValue: is no hash"):
        ours.fetch()


@pytest.mark.parametrize(("dissent", "kept"), [(0, True), (2, False), (3, True)])
def test_what_members_did_not_block_is_left_out_if_settings_say_from_how_many_on(
    ours: Machine, dissent: int, kept: bool
) -> None:
    said = [{"source": name, "feedbackValue": "NotBlocked", "tags": []} for name in ("a", "b")]
    said += [{"source": "c", "feedbackValue": "Blocked", "tags": ["x"]}]
    ours.supply.broken = {1: answer([record(1, CSPFeedbacks=said), record(2)])}
    assert (key(1) in held(ours.fetch(dissent=dissent))) is kept


def asked(ours: Machine) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(path).query) for path in ours.service.paths]


def test_the_next_set_begins_at_the_time_that_the_last_page_names(ours: Machine) -> None:
    ours.supply.hold(*MANY)
    ours.run()
    ours.service.asked.clear()
    ours.run()
    assert asked(ours)[0] == {"startTimestamp": [str(TIME)], "pageSize": ["800"]}


@pytest.mark.parametrize("unit", [1, 1000])
def test_what_changed_while_pages_came_is_asked_for_again(ours: Machine, unit: int) -> None:
    begun = time.time()
    ours.supply.broken = {1: answer([record(1)], following=int(begun + 1800) * unit)}
    ours.run()
    ours.service.asked.clear()
    ours.run()
    (since,) = asked(ours)[0]["startTimestamp"]
    assert (begun - 4000) * unit < int(since) <= (time.time() - 3600) * unit


def test_a_time_that_goes_back_loses_nothing(ours: Machine) -> None:
    ours.supply.hold(1)
    ours.run()
    ours.supply.broken = {1: answer([record(2)], following=5)}
    ours.run()
    ours.service.asked.clear()
    ours.run()
    assert asked(ours)[0]["startTimestamp"] == [str(TIME)]
