"""HMA: hashes and files, both shapes of its answers, and what it cannot hash is not "not listed"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes

import pytest

from tests.upstreams.services.asked import CLEAN, LISTED, LISTED_FILE, LISTED_MD5, an_hma, of_file
from tests.upstreams.stand_in import StandIn, stand_in
from tests.upstreams.standins.hma import Hma as StandInHma
from tests.upstreams.standins.hma import told
from upload_guard.errors import UpstreamGarbled, UpstreamRefused, UpstreamUnreachable
from upload_guard.records import Signal, SignalType
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.services.hma import Hma
from upload_guard.upstreams.services.service import Hit, Question, Told

BIT = bytes(31) + b"\x01"


def away(bits: int) -> str:
    """In hex, what is so far from the hash that is asked about."""
    return (int.from_bytes(LISTED.value) ^ (1 << bits) - 1).to_bytes(32).hex()


def entry(distance: object) -> dict[str, object]:
    return {"bank_content_id": 1, "distance": distance}


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


@pytest.fixture
def system(server: StandIn) -> StandInHma:
    server.asked.clear()
    server.instead = None
    server.otherwise = an_hma()
    return server.otherwise


@pytest.fixture
def service(server: StandIn, system: StandInHma) -> Hma:
    return Hma(Asker(), server.url)


QUESTION = Question((LISTED,))


@pytest.mark.parametrize("elided", [True, False], ids=["elided", "by type"])
def test_each_bank_is_a_hit_with_its_nearest_entry(system: StandInHma, service: Hma, elided: bool) -> None:
    system.elided = elided
    system.banks = {"BASELINE": {away(9), away(4)}, "OTHER": {away(31)}, "FAR": {away(32)}}
    assert service.ask(QUESTION, 20) == Told(
        (
            Hit(LISTED, "BASELINE", "BASELINE", 4, near=True),
            Hit(LISTED, "OTHER", "OTHER", 31, near=True),
        )
    )


def test_only_the_banks_that_were_chosen_count(server: StandIn, system: StandInHma, service: Hma) -> None:
    system.banks = {"A": {away(1)}, "B": {away(1)}, "C": {away(1)}}
    chosen = replace(service, banks=("A", "C"))
    assert [hit.bank for hit in chosen.ask(QUESTION, 20).hits] == ["A", "C"]
    assert server.paths == [f"/m/lookup?signal_type=pdq&signal={LISTED.value.hex()}&banks=A%2CC"]
    server.instead = told({"B": [entry("0")]})
    assert chosen.ask(QUESTION, 20) == Told()


def test_a_lower_limit_than_its_own_counts(system: StandInHma, service: Hma) -> None:
    system.banks = {"A": {away(21)}, "B": {away(20)}}
    assert [hit.bank for hit in replace(service, max_distance=20).ask(QUESTION, 20).hits] == ["B"]


def test_distances_come_as_words_as_numbers_or_not_at_all(server: StandIn, service: Hma) -> None:
    server.instead = told(
        {"A": [entry(4)], "B": [entry("4")], "C": [entry("-")], "D": [{"bank_content_id": 0}]}
    )
    assert [hit.distance for hit in service.ask(QUESTION, 20).hits] == [4, 4, 0, 0]


@pytest.mark.parametrize(
    "said", ["257", "999", "-1", "4.0", "+4", " 4", "", "four", 257, -1, True, None, "4\n"]
)
def test_a_distance_that_is_none_is_no_answer(server: StandIn, service: Hma, said: object) -> None:
    server.instead = told({"A": [entry(said)]})
    with pytest.raises(UpstreamGarbled):
        service.ask(QUESTION, 20)


def test_an_answer_about_another_type_is_none(server: StandIn, service: Hma) -> None:
    for answer in ({"video_md5": {}}, {"pdq": {}, "video_md5": {}}):
        server.instead = told(answer)
        with pytest.raises(UpstreamGarbled, match="another type"):
            service.ask(QUESTION, 20)


@pytest.mark.parametrize(
    "said",
    [
        {"matches": []},
        {"errors": []},
        {"pdq": []},
        {"pdq": {}, "BANK": []},
        {"errors": [{"msg": "field required"}]},
        {"BANK": [{}]},
        {"pdq": {"BANK": []}},
    ],
    ids=str,
)
def test_what_has_no_entry_of_a_bank_is_neither_found_nor_not_found(
    server: StandIn, service: Hma, said: object
) -> None:
    server.instead = told(said)
    for question in (QUESTION, of_file(LISTED_FILE)):
        with pytest.raises(UpstreamGarbled):
            service.ask(question, 20)


def test_digests_are_asked_about_where_that_type_is_enabled(system: StandInHma, service: Hma) -> None:
    system.banks = {"A": {LISTED_MD5.value.hex()}}
    digests = replace(service, types=frozenset({SignalType.MD5, SignalType.SHA256}))
    assert digests.signal_types == {SignalType.MD5}
    assert digests.ask(Question((LISTED_MD5,)), 20) == Told((Hit(LISTED_MD5, "A", "A"),))


def test_a_type_that_is_not_enabled_is_said_to_be_a_matter_of_settings(
    system: StandInHma, service: Hma
) -> None:
    system.enabled = set()
    with pytest.raises(UpstreamRefused, match="look at the signal types"):
        service.ask(QUESTION, 20)


def test_an_index_that_is_not_ready_is_not_one_without_entries(system: StandInHma, service: Hma) -> None:
    system.ready = False
    with pytest.raises(UpstreamUnreachable, match="status 503"):
        service.ask(QUESTION, 20)


def test_an_invalid_signal_is_unhashable_and_hits_beside_it_stand(
    server: StandIn, system: StandInHma, service: Hma
) -> None:
    server.replies = {
        f"/m/lookup?signal_type=pdq&signal={CLEAN.value.hex()}": told(
            {"message": "invalid signal type: invalid PDQ hash"}, 400
        )
    }
    alone = service.ask(Question((CLEAN,)), 20)
    assert alone.unhashable
    assert alone.hits == ()
    both = service.ask(Question((CLEAN, LISTED)), 20)
    assert [hit.signal for hit in both.hits] == [LISTED]
    assert both.unhashable
    server.replies = {}


def test_a_file_goes_as_a_form_with_the_field_of_its_kind(
    server: StandIn, system: StandInHma, service: Hma
) -> None:
    data = b"\r\n--boundary\r\n" + bytes(range(256)) * 300
    system.hashed[data] = {"pdq": LISTED.value.hex()}
    assert service.ask(of_file(data), 20) == Told((Hit(None, "BANK", "BANK", near=True),))
    head = server.asked[0].headers["Content-Type"].encode()
    (part,) = message_from_bytes(b"Content-Type: " + head + b"\r\n\r\n" + server.asked[0].body).get_payload()
    assert part.get_content_type() == "image/jpeg"
    assert server.paths == ["/m/lookup"]
    replace(service, banks=("A",)).ask(of_file(data), 20)
    assert server.paths[1] == "/m/lookup?banks=A"


@pytest.mark.parametrize("hashed", [{"pdq": ""}, {}], ids=["empty hash", "no hash at all"])
def test_a_file_that_hashes_to_nothing_is_unhashable(
    system: StandInHma, service: Hma, hashed: dict[str, str]
) -> None:
    system.hashed[LISTED_FILE] = hashed
    told_of = service.ask(of_file(LISTED_FILE), 20)
    assert told_of.unhashable
    assert told_of.hits == ()


def test_another_upload_guard_says_unhashable_by_its_code(server: StandIn, service: Hma) -> None:
    server.instead = told({"message": "No hash can be taken of this file.", "code": "unhashable"}, 400)
    assert service.ask(of_file(LISTED_FILE), 20).unhashable
    server.instead = told({"message": "This is no hash of that type.", "code": "invalid_hash"}, 400)
    with pytest.raises(UpstreamRefused):
        service.ask(QUESTION, 20)


@pytest.mark.parametrize("media_type", ["", "application/pdf"])
def test_a_file_that_is_no_picture_never_leaves(
    server: StandIn, system: StandInHma, service: Hma, media_type: str
) -> None:
    assert service.ask(replace(of_file(LISTED_FILE), media_type=media_type), 20).unhashable
    assert server.asked == []


def test_a_file_whose_digest_is_listed_is_no_mere_likeness(system: StandInHma, service: Hma) -> None:
    system.banks = {"A": {LISTED_MD5.value.hex()}}
    system.hashed[LISTED_FILE] = {"pdq": CLEAN.value.hex(), "video_md5": LISTED_MD5.value.hex()}
    assert service.ask(of_file(LISTED_FILE), 20) == Told((Hit(None, "A", "A"),))


def test_nothing_that_it_takes_is_not_nothing_found(server: StandIn, service: Hma) -> None:
    told_of = service.ask(Question((Signal(SignalType.SHA1, bytes(20)),)), 20)
    assert told_of.unhashable
    assert server.asked == []
