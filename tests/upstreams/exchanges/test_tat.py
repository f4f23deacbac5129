"""Tech Against Terrorism's entries, its tokens and its checkpoints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.upstreams.exchanges.machine import MANY, Machine, machine
from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.supply import digits
from tests.upstreams.standins.tat import Tat, answer, entry
from upload_guard.compose import open_lists
from upload_guard.errors import ListError, UpstreamError, UpstreamGarbled, UpstreamRefused
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Machine]:
    with machine(Tat(), tmp_path) as running:
        yield running


def hashes(ours: Machine, *entries: object) -> list[ListedHash]:
    ours.supply.broken = {1: answer(entries, "1700000000,1", more=False)}  # type: ignore[arg-type]
    return [one for page in ours.fetch() for record in page.records for one in record.hashes]


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("MD5", SignalType.MD5),
        ("SHA1", SignalType.SHA1),
        ("SHA-1", SignalType.SHA1),
        ("sha256", SignalType.SHA256),
        ("SHA_256", SignalType.SHA256),
        ("PDQ", SignalType.PDQ),
    ],
)
def test_a_hash_is_of_the_type_that_its_algorithm_names(
    ours: Machine, algorithm: str, kind: SignalType
) -> None:
    said = entry(1, 1, algorithm=algorithm, hash_digest=digits(kind, 1))
    assert hashes(ours, said) == [ListedHash(kind, bytes.fromhex(digits(kind, 1)), "far-right")]


def test_other_algorithms_are_passed_over_and_counted(
    ours: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert len(hashes(ours, entry(1, 1, algorithm="TMK"), entry(2, 2))) == 1
    assert "left out: 1 TMK hashes" in caplog.text


def test_the_ideology_is_the_category(ours: Machine) -> None:
    ours.supply.broken = {1: answer([entry(1, 1), entry(2, 2, ideology="islamist")], "1,2", more=False)}
    assert ours.run().version.categories == {"far-right": 1, "islamist": 1}


def test_an_ideology_without_a_rule_is_refused_and_named(ours: Machine) -> None:
    ours.supply.broken = {1: answer([entry(1, 1, ideology="astrology")], "1,1", more=False)}
    ours.fails(ListError, "no rule for category 'astrology'")


def test_one_digest_of_two_entries_acts_while_either_lists_it(ours: Machine) -> None:
    first, second = entry(1, 1), entry(2, 1, id=900)
    ours.supply.broken = {1: answer([first, second, entry(3, 2), entry(4, 3)], "1,4", more=False)}
    ours.run()
    ours.supply.broken = {1: answer([entry(5, 1, deleted=True)], "1,5", more=False)}
    ours.run()
    assert listed(ours) == {1, 2, 3}
    ours.supply.broken = {2: answer([entry(6, 1, deleted=True, id=900)], "1,6", more=False)}
    ours.run()
    assert listed(ours) == {2, 3}


def listed(ours: Machine) -> set[int]:
    """The numbers in the newest version."""
    values = {one.value for one in open_lists(ours.settings).entries("icse", None)}
    return {number for number in range(1, 10) if ours.supply.listed(number).value in values}


def test_an_entry_without_an_id_is_known_by_its_digest(ours: Machine) -> None:
    said = {name: value for name, value in entry(1, 1).items() if name != "id"}
    ours.supply.broken = {1: answer([said], "1,1", more=False)}
    (page,) = ours.fetch()
    assert [record.key for record in page.records] == [f"md5/{digits(SignalType.MD5, 1)}"]


def test_an_entry_without_an_id_is_deleted_in_whatever_way_its_algorithm_is_written(ours: Machine) -> None:
    digest = digits(SignalType.SHA1, 1)
    said = [
        entry(1, 1, id=None, algorithm=name, hash_digest=written, deleted=deleted)
        for name, written, deleted in (("SHA-1", digest, False), ("sha1", f" {digest.upper()}", True))
    ]
    ours.supply.broken = {1: answer(said, "1,1", more=False)}
    (page,) = ours.fetch()
    assert (list(page.records), list(page.withdrawn)) == ([], [f"sha1/{digest}"])


def test_a_token_serves_a_whole_run(ours: Machine) -> None:
    ours.supply.hold(*MANY)
    ours.run()
    assert ours.supply.tokens == 1
    assert ours.service.asked[0].method == "POST"
    assert parse_qs(ours.service.asked[0].body.decode()) == {
        "username": ["site"],
        "password": ["a secret"],
        "resend": ["False"],
    }


def test_a_token_that_runs_out_in_between_is_renewed_once(ours: Machine) -> None:
    ours.supply.hold(*MANY)

    def expired(asked: Asked) -> Reply:
        ours.supply.broken = {}
        ours.supply.good_token = "another"  # noqa: S105
        return Reply(status=401)

    ours.supply.broken = {2: expired}
    assert ours.run().version.entries == len(MANY)
    assert ours.supply.tokens == 2


def test_a_wrong_password_is_refused_and_no_list_asked_for(ours: Machine) -> None:
    ours.supply.hold(*MANY)
    with pytest.raises(UpstreamError, match="token-auth/tcap/ answered with status 400"):
        ours.fetch(password=type(ours.settings.lists["icse"].exchange.password)("wrong"))  # type: ignore[union-attr]
    assert len(ours.service.asked) == 1


@pytest.mark.parametrize(
    "body", [b"{}", b'{"token": ""}', b'{"token": null}', b"token", b'{"token": "a\\r\\nX: b"}', b"[]"]
)
def test_what_is_no_token_is_refused(ours: Machine, body: bytes) -> None:
    ours.supply.broken = {0: Reply(body)}
    with pytest.raises(UpstreamGarbled, match="gives no token"):
        ours.fetch()


def test_a_token_is_not_asked_for_by_way_of_another_host(ours: Machine) -> None:
    ours.supply.broken = {0: Reply(status=307, headers={"Location": "https://127.0.0.2/"})}
    with pytest.raises(UpstreamRefused, match="redirect"):
        ours.fetch()


BAD = {
    "more and no checkpoint": answer([entry(1, 1)], None, more=True),
    "endless checkpoint": answer([entry(1, 1)], "1" * 5000, more=True),
    "no results": Reply(b'{"next": null, "checkpoint": "1,1"}'),
    "results that are none": Reply(b'{"results": [1], "checkpoint": "1,1"}'),
    "not said whether deleted": answer([{"hash_digest": "ab" * 16, "algorithm": "MD5"}], "1,1", more=False),
    "no digest": Reply(json.dumps({"results": [{"algorithm": "MD5"}], "checkpoint": "1"}).encode()),
    "deleted that is neither": answer([entry(1, 1, deleted="perhaps")], "1,1", more=False),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("reply", BAD.values(), ids=BAD.keys())
def test_what_could_be_anything_is_refused(ours: Machine, reply: Reply) -> None:
    ours.supply.broken = {1: reply}
    with pytest.raises(UpstreamGarbled):
        ours.fetch()


def test_the_next_run_asks_after_the_last_checkpoint(ours: Machine) -> None:
    ours.supply.hold(*MANY)
    ours.run()
    ours.service.asked.clear()
    ours.run()
    queries = [parse_qs(urlsplit(path).query) for path in ours.service.paths if "hash-list" in path]
    assert queries == [{"order": ["asc"], "after": ["1700000000,12"]}]
