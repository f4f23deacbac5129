"""NCMEC's entries: what of them becomes a hash, in which category, and where its pages and times lead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.upstreams.exchanges.machine import Machine, machine
from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.ncmec import Ncmec, answer, deleted, image
from tests.upstreams.standins.supply import digits
from upload_guard.errors import CheckpointLost, ListError, UpstreamGarbled, UpstreamRefused
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.sync.exchange import Page
from upload_guard.records import SignalType
from upload_guard.upstreams.client import Client, Login
from upload_guard.upstreams.exchanges.ncmec import NcmecExchange

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Machine]:
    with machine(Ncmec(), tmp_path) as running:
        yield running


def hashes(pages: list[Page]) -> dict[str, list[ListedHash]]:
    return {record.key: list(record.hashes) for page in pages for record in page.records}


def withdrawn(pages: list[Page]) -> list[str]:
    return [key for page in pages for key in page.withdrawn]


def one_page(ours: Machine, *images: str, videos: tuple[str, ...] = ()) -> None:
    ours.supply.broken = {1: answer(images, videos=videos)}


def test_md5_sha1_and_pdq_of_an_image_come_in_its_classification(ours: Machine) -> None:
    sha1, pdq = digits(SignalType.SHA1, 1), digits(SignalType.PDQ, 1).upper()
    more = f"<sha1> {sha1}\n</sha1><pdq>{pdq}</pdq><tmk-pdqf rel='self' href='/v2/x'/>"
    one_page(ours, image(1, classification="B2", more=more))
    assert hashes(ours.fetch()) == {
        "42/image1": [
            ListedHash(SignalType.MD5, bytes.fromhex(digits(SignalType.MD5, 1)), "B2"),
            ListedHash(SignalType.SHA1, bytes.fromhex(sha1), "B2"),
            ListedHash(SignalType.PDQ, bytes.fromhex(pdq), "B2"),
        ]
    }


@pytest.mark.parametrize("classification", ["A1", "A2", "B1", "B2"])
def test_each_classification_is_a_category_with_a_rule_of_its_own(
    tmp_path: Path, classification: str
) -> None:
    with machine(Ncmec(), tmp_path) as ours:
        one_page(ours, image(1, classification=classification))
        assert ours.run().version.categories == {classification: 1}


def test_a_classification_without_a_rule_is_refused_and_named(ours: Machine) -> None:
    one_page(ours, image(1, classification="C7"))
    ours.fails(ListError, "no rule for category 'C7'")


def test_an_entry_without_a_classification_needs_a_category_of_the_settings(ours: Machine) -> None:
    one_page(ours, image(1, classification=""))
    ours.fails(ListError, "names no category")


def test_other_fingerprints_and_videos_are_passed_over_and_counted(
    ours: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    video = image(9).replace("image>", "video>").replace("<image", "<video")
    one_page(ours, image(1), image(2), videos=(video, deleted(9, "deletedVideo")))
    assert set(hashes(ours.fetch())) == {"42/image1", "42/image2"}
    assert "left out: 2 pdna fingerprints, 2 videos" in caplog.text


def test_a_tombstone_of_an_image_withdraws_it_and_one_of_a_video_does_not(ours: Machine) -> None:
    one_page(ours, deleted(1), videos=(deleted(2, "deletedVideo"),))
    assert withdrawn(ours.fetch()) == ["42/image1"]


def test_a_tombstone_that_still_has_its_fingerprints_is_one(ours: Machine) -> None:
    one_page(ours, image(1).replace("image>", "deletedImage>").replace("<image", "<deletedImage"))
    pages = ours.fetch()
    assert (hashes(pages), withdrawn(pages)) == ({}, ["42/image1"])


def test_an_image_that_has_none_of_our_fingerprints_any_more_is_withdrawn(ours: Machine) -> None:
    one_page(ours, image(1).replace(f"<md5>{digits(SignalType.MD5, 1)}</md5>", "<md5/>"))
    assert withdrawn(ours.fetch()) == ["42/image1"]


@pytest.mark.parametrize("late", [True, False])
def test_of_two_words_on_one_entry_the_newer_counts_whichever_comes_first(ours: Machine, late: bool) -> None:
    words = (deleted(1), image(1)) if late else (image(1), deleted(1))
    one_page(ours, *words)
    assert withdrawn(ours.fetch()) == ["42/image1"]


def test_a_tombstone_that_does_not_say_when_counts_where_it_comes_last(ours: Machine) -> None:
    one_page(ours, image(1), deleted(1).replace("<timestamp>2026-10-24T15:10:00Z</timestamp>", ""))
    pages = ours.fetch()
    assert (hashes(pages), withdrawn(pages)) == ({}, ["42/image1"])


def test_the_same_id_of_two_members_is_two_entries(ours: Machine) -> None:
    one_page(ours, image(1), image(1, member=43), deleted(1, member=43))
    pages = ours.fetch()
    assert (set(hashes(pages)), withdrawn(pages)) == ({"42/image1"}, ["43/image1"])


def test_only_the_members_that_are_named_count(ours: Machine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    one_page(ours, image(1), image(2, member=43), deleted(3, member=44))
    pages = ours.fetch(members=frozenset({"43"}))
    assert (set(hashes(pages)), withdrawn(pages)) == ({"43/image2"}, [])
    assert "2 entries of other members" in caplog.text


VOTES = (
    '<feedback><negativeFeedback type="Md5"><reasons><reason guid="a" name="b" type="Md5"/>'
    '<members><member id="1"/><member id="2"/></members></reasons><reasons><reason guid="c"/>'
    '<members><member id="2"/></members></reasons></negativeFeedback>'
    '<affirmativeFeedback type="Md5"><members><member id="3"/></members></affirmativeFeedback>'
    '<affirmativeFeedback type="Sha1"><members><member id="3"/><member id="4"/><member id="5"/></members>'
    "</affirmativeFeedback></feedback>"
)


@pytest.mark.parametrize(("dissent", "kept"), [(0, True), (1, False), (2, False), (3, True)])
def test_what_members_say_is_wrong_is_left_out_if_settings_say_from_how_many_on(
    ours: Machine, dissent: int, kept: bool
) -> None:
    one_page(ours, image(1).replace("</image>", f"{VOTES}</image>"), image(2))
    assert ("42/image1" in hashes(ours.fetch(dissent=dissent))) is kept


BAD = {
    "unknown entry": answer(["<picture><id>1</id></picture>"]),
    "video among images": answer([image(1).replace("image>", "video>").replace("<image", "<video")]),
    "no member": answer([image(1).replace('id="42"', "")]),
    "member that breaks an address": answer([image(1).replace('id="42"', 'id="../42"')]),
    "no id": answer([image(1).replace("<id>image1</id>", "<id/>")]),
    "endless id": answer([image(1).replace("<id>image1</id>", f"<id>{'1' * 300}</id>")]),
    "next elsewhere": answer([image(1)], "https://127.0.0.2/v2/entries?start=6"),
    "next elsewhere without a scheme": answer([image(1)], "//127.0.0.2/v2/entries?start=6"),
    "next on another port": answer([image(1)], "http://127.0.0.1:1/v2/entries"),
    "endless next": answer([image(1)], f"/v2/entries?start={'6' * 5000}"),
    "next of another kind": answer([image(1)], "file:///etc/passwd"),
}


@pytest.mark.parametrize("reply", BAD.values(), ids=BAD.keys())
def test_what_could_be_anything_is_refused(ours: Machine, reply: Reply) -> None:
    ours.supply.broken = {1: reply}
    with pytest.raises((UpstreamGarbled, UpstreamRefused)):
        ours.fetch()


def test_what_is_no_hash_is_named_by_its_entry_and_refused(ours: Machine) -> None:
    one_page(ours, image(1, more="<sha1>abc</sha1>"))
    with pytest.raises(ListError, match="sha1 of entry 'image1' of member 42: is no hash: 3 digits"):
        ours.fetch()


@pytest.mark.parametrize(
    "form", ["/v2/entries?{}", "/hashsharing/v2/entries?{}", "{url}/v2/entries?{}", "?{}"]
)
def test_the_next_page_may_be_named_in_any_way_on_the_same_host(ours: Machine, form: str) -> None:
    ours.supply.hold(*range(1, 8))

    def first(asked: Asked) -> Reply:
        query = f"{urlsplit(asked.path).query}&start=6"
        return answer(map(image, range(1, 6)), form.format(query, url=f"{ours.service.url}/hashsharing"))

    ours.supply.broken = {1: first}
    assert len(hashes(ours.fetch())) == 7


# Times


def exchange(ours: Machine, now: datetime = NOW, ahead: timedelta = timedelta()) -> NcmecExchange:
    """At a time by our clock, which is so much ahead of theirs."""
    ours.service.date = format_datetime(now - ahead, usegmt=True)
    client = Client(20, 1 << 20, Login("site", "a secret"))
    base = f"{ours.service.url}/hashsharing"
    return NcmecExchange(base, client, ours.settings.data_dir / "fetched", now=lambda: now)


def spans(ours: Machine) -> list[tuple[str, str]]:
    queries = [parse_qs(urlsplit(path).query) for path in ours.service.paths]
    return [(query["from"][0], query["to"][0]) for query in queries]


def test_a_round_asks_up_to_now_and_the_next_from_an_hour_before_that(ours: Machine) -> None:
    ours.supply.hold(1)
    (page,) = exchange(ours).pages("")
    list(exchange(ours, datetime(2026, 11, 27, tzinfo=UTC)).pages(page.checkpoint))
    assert spans(ours) == [
        ("1970-01-01T00:00:00Z", "2026-11-26T09:00:00Z"),
        ("2026-11-26T08:00:00Z", "2026-11-27T00:00:00Z"),
    ]


def test_only_the_last_page_moves_the_time_on(ours: Machine) -> None:
    ours.supply.hold(*range(1, 8))
    pages = exchange(ours).pages("")
    first = next(pages).checkpoint
    pages.close()
    (second,) = exchange(ours, datetime(2026, 11, 27, tzinfo=UTC)).pages(first)
    assert spans(ours)[1] == ("1970-01-01T00:00:00Z", "2026-11-26T09:00:00Z")
    list(exchange(ours).pages(second.checkpoint))
    assert spans(ours)[2][0] == "2026-11-26T08:00:00Z"


def test_a_clock_that_is_ahead_leaves_nothing_out_that_comes_until_then(ours: Machine) -> None:
    ours.supply.hold(*range(1, 8))
    (_, page) = exchange(ours, ahead=timedelta(hours=2)).pages("")
    list(exchange(ours, NOW + timedelta(hours=6)).pages(page.checkpoint))
    assert spans(ours)[-1][0] == "2026-11-26T06:00:00Z"


def test_a_clock_that_is_behind_is_asked_up_to_nevertheless(ours: Machine) -> None:
    ours.supply.hold(1)
    (page,) = exchange(ours, ahead=timedelta(hours=-2)).pages("")
    list(exchange(ours).pages(page.checkpoint))
    assert spans(ours)[-1][0] == "2026-11-26T08:00:00Z"


def test_a_date_that_is_none_changes_nothing(ours: Machine) -> None:
    ours.supply.hold(1)
    asking = exchange(ours)
    ours.service.date = "yesterday"
    (page,) = asking.pages("")
    list(exchange(ours).pages(page.checkpoint))
    assert spans(ours)[-1][0] == "2026-11-26T08:00:00Z"


def test_a_time_yet_to_come_begins_from_the_start_since_a_clock_was_wrong(ours: Machine) -> None:
    ours.supply.hold(1)
    (page,) = exchange(ours, datetime(2031, 1, 1, tzinfo=UTC)).pages("")
    with pytest.raises(CheckpointLost, match="yet to come"):
        list(exchange(ours).pages(page.checkpoint))


@pytest.mark.parametrize("checkpoint", ["nonsense", '{"since": 1, "page": 2}'])
def test_a_checkpoint_of_another_release_begins_from_the_start(ours: Machine, checkpoint: str) -> None:
    with pytest.raises(CheckpointLost):
        list(exchange(ours).pages(checkpoint))


def test_other_members_or_another_base_are_another_list(ours: Machine) -> None:
    one = exchange(ours)
    others = (
        NcmecExchange(one.base, one.client, one.scratch, frozenset({"1"})),
        NcmecExchange(one.base, one.client, one.scratch, dissent=2),
        NcmecExchange(f"{one.base}/npo", one.client, one.scratch),
    )
    assert len({one.identity, *(other.identity for other in others)}) == 4


def test_an_empty_page_is_a_whole_answer(ours: Machine) -> None:
    ours.supply.broken = {1: Reply(b"<queryResult/>")}
    (page,) = ours.fetch()
    assert (page.records, page.withdrawn) == ([], ())
