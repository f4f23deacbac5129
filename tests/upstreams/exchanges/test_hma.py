"""A bank of HMA, read content by content."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.upstreams.exchanges.machine import Machine, machine
from tests.upstreams.stand_in import Reply
from tests.upstreams.standins.hma_bank import Hma, said
from tests.upstreams.standins.supply import digits
from upload_guard.errors import ListError, UpstreamError, UpstreamGarbled, UpstreamMissing, UpstreamRefused
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType

PDQ = {number: digits(SignalType.PDQ, number) for number in range(1, 10)}


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Machine]:
    with machine(Hma(), tmp_path) as running:
        yield running


def content(id_: int, **more: object) -> dict[str, object]:
    """As later releases have it."""
    bank = {"name": "TEST_BANK", "matching_enabled_ratio": 1.0}
    return {"id": id_, "bank": bank, "disable_until_ts": 1, "signals": {"pdq": PDQ[id_]}, **more}


def held(ours: Machine) -> dict[str, tuple[ListedHash, ...]]:
    return {record.key: tuple(record.hashes) for page in ours.fetch() for record in page.records}


def test_both_shapes_of_a_content_are_read(ours: Machine) -> None:
    ours.supply.hold(1)
    ours.supply.others = {2: content(2, signals={"pdq": PDQ[2].upper(), "sha1": digits(SignalType.SHA1, 2)})}
    assert held(ours) == {
        "1": (ListedHash(SignalType.PDQ, bytes.fromhex(PDQ[1])),),
        "2": (
            ListedHash(SignalType.PDQ, bytes.fromhex(PDQ[2])),
            ListedHash(SignalType.SHA1, bytes.fromhex(digits(SignalType.SHA1, 2))),
        ),
    }


def test_what_hma_would_not_match_is_left_out(ours: Machine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    later = int(datetime.now(UTC).timestamp()) + 9999
    ours.supply.others = {
        1: content(1, disable_until_ts=0),
        2: content(2, disable_until_ts=later),
        3: content(3, disable_until_ts=1_600_000_000),
        4: {"id": 4, "bank": "TEST_BANK", "enabled": False, "signals": {"pdq": PDQ[4]}},
        5: content(5, bank={"name": "OTHER_BANK"}),
        6: content(6, signals=None),
        7: content(7, signals={"video_md5": "ab" * 16}),
        8: content(8, signals={"pdq": ""}),
    }
    assert set(held(ours)) == {"3"}
    assert "1 contents of other banks, 3 contents that are disabled, 2 contents without a hash" in caplog.text
    assert "1 video_md5 signals" in caplog.text


def test_it_ends_where_as_many_as_the_gap_are_missing_in_a_row(ours: Machine) -> None:
    ours.supply.hold(1, 20, 41)
    assert set(held(ours)) == {"1", "20"}
    assert len(ours.service.asked) == 1 + 40 + 1


def test_a_gap_goes_on_over_pages(ours: Machine) -> None:
    ours.supply.hold(*range(10, 96, 10), 105)
    assert "105" in held(ours)


def test_a_bank_that_is_not_there_is_no_empty_list(ours: Machine) -> None:
    ours.supply.broken = {1: said({"message": "bank 'TEST_BANK' not found"}, 404)}
    with pytest.raises(UpstreamMissing):
        ours.fetch()


def test_a_bank_that_goes_meanwhile_is_no_end_of_the_list(ours: Machine) -> None:
    ours.supply.hold(*range(1, 121))
    gone = said({"message": "not found"}, 404)
    ours.supply.broken = {2: lambda _asked: ours.supply.broken.update({1: gone}) or gone}
    with pytest.raises(UpstreamMissing):
        ours.fetch()


@pytest.mark.parametrize("status", [400, 405, 408, 421, 425, 429])
def test_a_fault_on_the_way_to_a_content_does_not_leave_it_out(ours: Machine, status: int) -> None:
    ours.supply.hold(*range(1, 121))
    ours.supply.broken = {2: lambda _asked: ours.supply.broken.clear() or Reply(status=status)}
    with pytest.raises(UpstreamError, match=f"status {status}"):
        ours.fetch()


def test_a_bank_that_is_switched_off_is_told(ours: Machine) -> None:
    ours.supply.ratio = 0.0
    with pytest.raises(UpstreamRefused, match="switched off there"):
        ours.fetch()


BAD = {
    "another bank": said({"name": "OTHER"}),
    "another content": said({"name": "TEST_BANK", "id": 5, "bank": "TEST_BANK"}),
    "not said whether it acts": said({"name": "TEST_BANK", "id": 1, "bank": "TEST_BANK", "signals": {}}),
    "a message with 200": said({"message": "no"}),
}


@pytest.mark.parametrize("reply", BAD.values(), ids=BAD.keys())
def test_what_could_be_anything_is_refused(ours: Machine, reply: Reply) -> None:
    ours.supply.broken = {1: reply}
    with pytest.raises(UpstreamGarbled):
        ours.fetch()


def test_what_is_no_hash_is_named_by_its_content_and_refused(ours: Machine) -> None:
    ours.supply.others = {1: content(1, signals={"pdq": "abc"})}
    with pytest.raises(ListError, match="pdq of content 1: is no hash"):
        ours.fetch()


def test_a_bank_that_lost_all_its_contents_leaves_the_old_version(ours: Machine) -> None:
    ours.supply.hold(1, 2, 3)
    ours.activate()
    ours.supply.held.clear()
    ours.fails(ListError, "holds no hash")
    assert ours.acting == [1, 2, 3]
