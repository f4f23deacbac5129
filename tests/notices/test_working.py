"""Tests of the way of an address: mapped, checked, in a case, taken away, settled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.notices.site import URL, NotedSite, cases, clean, listed, noted_site
from tests.notices.tellers import Clock, notice_of
from tests.support import picture_bytes, read
from upload_guard.compose import build_worker, decisions_of
from upload_guard.errors import HoldingsUnreachable, NotReady, UsageError, VaultDamaged
from upload_guard.holdings.folders import Folders
from upload_guard.holdings.holdings import UNKNOWN, Leftover, Standing
from upload_guard.moments import utc_now
from upload_guard.notices.opening import Asked, Judged
from upload_guard.notices.states import AddressState, NoticeState
from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.custody.retention import ANY, Expiry, Retention, Rule
from upload_guard.records import Upload
from upload_guard.storage.placement_tables import PlaceState


@pytest.fixture(scope="module")
def acting(site: NotedSite) -> NotedSite:
    """The same where what lists speak against is taken away at once."""
    own = site.settings.incoming.model_copy(update={"act": True})
    settings = site.settings.model_copy(update={"incoming": own})
    return replace(site, worker=build_worker(settings, site.station.guard, site.station.keeper))


def test_a_listed_file_gets_a_case_and_stays_until_somebody_decides(site: NotedSite) -> None:
    number = site.tell(listed(site, "a.jpg"))
    address = site.work(number).addresses[0]
    assert address.state is AddressState.CASE
    case = cases(site).one(address.case)
    assert (case.site, case.route, case.result) == ("blog", f"notice:{number}", "match")
    place = site.place_of(address.case)
    # By what was mounted there it is told whether the file is gone, once it is not found.
    assert (place.state, "mount" in place.leftover) == (PlaceState.NOTED, True)
    assert (site.media / "a.jpg").exists()


def test_a_file_that_no_list_knows_is_for_a_person_too(site: NotedSite) -> None:
    number = site.tell(clean(site, "b.jpg", 11))
    address = site.work(number).addresses[0]
    case = cases(site).one(address.case)
    assert (case.result, case.action) == ("clean", "allow")
    assert case.kept.there


def test_what_a_person_confirms_is_removed_and_then_the_notice_is_closed(site: NotedSite) -> None:
    number = site.tell(clean(site, "c.jpg", 12))
    case = site.work(number).addresses[0].case
    site.confirm(case)
    assert site.work(number).notice.state is NoticeState.OPEN
    site.placements.remove(site.place_of(case).id, "reviewer")
    done = site.work(number)
    assert not (site.media / "c.jpg").exists()
    assert done.addresses[0].state is AddressState.REMOVED
    assert done.notice.state is NoticeState.CLOSED


def test_what_a_person_releases_is_kept(site: NotedSite) -> None:
    number = site.tell(clean(site, "d.jpg", 13))
    site.release(site.work(number).addresses[0].case)
    done = site.work(number)
    assert done.addresses[0].state is AddressState.KEPT
    assert done.notice.state is NoticeState.CLOSED


def test_what_lists_speak_against_is_taken_away_at_once_where_that_is_wanted(acting: NotedSite) -> None:
    number = acting.tell(listed(acting, "e.jpg"))
    case = acting.work(number).addresses[0].case
    assert not (acting.media / "e.jpg").exists()
    assert acting.place_of(case).state == PlaceState.REMOVED
    acting.release(case)
    assert acting.work(number).addresses[0].state is AddressState.CASE
    acting.placements.restore(acting.place_of(case).id, "reviewer")
    assert (acting.media / "e.jpg").exists()
    assert acting.work(number).addresses[0].state is AddressState.KEPT


def test_nobodys_word_alone_takes_a_file_away(acting: NotedSite) -> None:
    broken = acting.media / "broken.jpg"
    broken.write_bytes(picture_bytes(14)[:2000])
    acting.work(acting.tell(clean(acting, "f.jpg", 15), "broken.jpg"))
    assert (acting.media / "f.jpg").exists()
    assert broken.exists()


def test_what_two_tell_of_is_one_case(site: NotedSite) -> None:
    name = clean(site, "g.jpg", 16)
    first, second = site.tell(name), site.tell(f"{name}?size=2", email="other@example.org")
    site.work(first)
    assert site.first(first).case == site.first(second).case


def test_another_file_at_the_same_place_is_another_case(site: NotedSite) -> None:
    first = site.tell(clean(site, "h.jpg", 17))
    site.work(first)
    second = site.tell(clean(site, "h.jpg", 18), reasons="now it is worse")
    site.work(second)
    assert site.first(first).case != site.first(second).case


def test_what_was_taken_away_already_is_found_by_its_place(acting: NotedSite) -> None:
    first = acting.tell(listed(acting, "i.jpg"))
    acting.work(first)
    second = acting.tell("i.jpg", email="other@example.org")
    acting.work(second)
    assert acting.first(second).case == acting.first(first).case


def test_where_nothing_lies_a_person_says_whether_that_is_right(site: NotedSite) -> None:
    number = site.tell("nothing.jpg")
    seen = site.work(number)
    assert seen.addresses[0].state is AddressState.MISSING
    assert seen.notice.state is NoticeState.PERSON
    site.acts.say(number, seen.addresses[0].id, AddressState.GONE, "reviewer")
    assert site.file(number).notice.state is NoticeState.CLOSED


def test_a_smaller_size_has_its_picture_looked_at(site: NotedSite) -> None:
    clean(site, "j-300x200.jpg", 19)
    clean(site, "j.jpg", 20)
    number = site.tell("j-300x200.jpg")
    site.work(number)
    small, whole = site.work(number).addresses
    assert (small.derived, whole.derived) == (False, True)
    assert small.case != whole.case
    assert whole.state is AddressState.CASE


def test_a_size_that_is_not_there_leads_to_its_picture(site: NotedSite) -> None:
    number = site.tell(clean(site, "k.jpg", 21).replace(".jpg", "-150x150.jpg"))
    (address,) = site.work(number).addresses
    assert address.ours == f"file://{site.media}/k.jpg"


def test_no_symlink_leads_out_of_the_folder(site: NotedSite, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(picture_bytes(22))
    (site.media / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (site.media / "album").symlink_to(tmp_path)
    number = site.tell("link.jpg", "album/secret.jpg")
    assert not any(address.case for address in site.work(number).addresses)


def test_an_address_of_nobody_is_for_a_person(site: NotedSite) -> None:
    number = site.desk.take(notice_of("https://elsewhere.example/a.jpg"))
    assert site.work(number).addresses[0].state is AddressState.UNMAPPED
    site.acts.say(number, site.first(number).id, AddressState.NOT_OURS, "reviewer")
    assert site.file(number).notice.state is NoticeState.CLOSED


def test_a_place_that_cannot_be_reached_is_tried_again_later(
    site: NotedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = site.tell(clean(site, "l.jpg", 23))
    files = site.worker.opener.of("file:///")

    def unreachable(_self: object, _locator: str) -> None:
        raise HoldingsUnreachable("the disk is away")

    with monkeypatch.context() as patched:
        patched.setattr(type(files), "look", unreachable)
        assert site.work(number).addresses[0].tries == 1
    assert site.work(number).addresses[0].state is AddressState.WAITING
    later = replace(site.worker, now=lambda: utc_now() + timedelta(minutes=5))
    later.run()
    assert site.first(number).state is AddressState.CASE


def test_where_nobody_can_check_a_person_looks_after_some_tries(site: NotedSite) -> None:
    number = site.tell(clean(site, "m.jpg", 24))

    def silent(_upload: Upload) -> Judged:
        raise NotReady("no list is loaded")

    opener = replace(site.worker.opener, judging=silent)
    for hours in range(4):
        replace(site.worker, opener=opener, now=Clock(utc_now() + timedelta(hours=2 * hours))).run()
    assert cases(site).one(site.first(number).case).result == "unchecked"


def test_a_case_that_a_notice_opened_is_not_released_by_a_list_that_changes(site: NotedSite) -> None:
    case = site.work(site.tell(clean(site, "n.jpg", 25))).addresses[0].case
    with site.desk.database.session() as session:
        assert found_case(session, case).under == ""


def test_what_is_too_large_to_be_read_is_in_no_case_and_waits_for_a_person(site: NotedSite) -> None:
    small = replace(site.worker, opener=replace(site.worker.opener, max_bytes=100))
    number = site.tell(clean(site, "large.jpg", 91))
    small.run()
    found = site.file(number)
    assert found.notice.state is NoticeState.PERSON
    address = found.addresses[0]
    assert (address.state, address.case) == (AddressState.TOO_LARGE, "")
    assert "100 bytes" in address.fault
    assert address.ours == f"file://{site.media}/large.jpg"
    site.acts.say(number, address.id, AddressState.KEPT, "reviewer")
    assert site.file(number).notice.state is NoticeState.CLOSED


def test_a_file_that_tells_a_smaller_size_than_it_has_is_not_read_on(site: NotedSite) -> None:
    class Growing(Folders):
        def look(self, locator: str, known: Leftover = UNKNOWN) -> Standing:
            return replace(super().look(locator), size=1)

    opener = replace(site.worker.opener, max_bytes=100, holdings={"file": Growing()})
    number = site.tell(clean(site, "growing.jpg", 92))
    replace(site.worker, opener=opener).run()
    assert site.first(number).state is AddressState.TOO_LARGE


def test_that_a_file_may_stay_nobody_says_of_what_no_rule_leads_to(site: NotedSite) -> None:
    number = site.desk.take(notice_of("https://elsewhere.example/stay.jpg"))
    address = site.work(number).addresses[0]
    with pytest.raises(UsageError, match="only a case"):
        site.acts.say(number, address.id, AddressState.KEPT, "reviewer")
    assert site.first(number).state is AddressState.UNMAPPED


def test_five_odd_addresses_hold_up_no_other(site: NotedSite) -> None:
    odd = ["http://[", URL + "a" * 3000 + ".jpg", URL + "\udcff.jpg", URL + "%00.jpg", "x"]
    number = site.desk.take(notice_of(*odd, URL + clean(site, "o.jpg", 26)))
    states = [address.state for address in site.work(number).addresses]
    assert states[-1] is AddressState.CASE
    assert not set(states[:-1]) & {AddressState.CASE, AddressState.GONE}


def test_killed_after_the_case_was_opened_it_ends_in_the_same_case(site: NotedSite) -> None:
    number = site.tell(clean(site, "t.jpg", 41))
    asked = Asked(number, site.first(number).id, 0)
    opened = site.worker.opener.open(asked, "blog", f"file://{site.media}/t.jpg", lambda *_: "")
    assert site.work(number).addresses[0].case == opened.case


def test_a_case_that_waits_for_somebody_else_answers_nobody(acting: NotedSite) -> None:
    number = acting.tell(listed(acting, "s.jpg"))
    case = acting.work(number).addresses[0].case
    decisions_of(acting.station, acting.settings).escalate(case, "reviewer", "for the police")
    assert acting.work(number).addresses[0].state is AddressState.CASE


def test_a_file_that_came_back_is_no_file_that_was_taken_away(site: NotedSite) -> None:
    name = clean(site, "back.jpg", 77)
    before = (site.media / name).read_bytes()
    case = site.work(site.tell(name)).addresses[0].case
    site.confirm(case)
    place = site.place_of(case).id
    site.placements.remove(place, "reviewer")
    (site.media / name).write_bytes(before)
    number = site.tell(name, reasons="it is there again")
    assert site.work(number).notice.state is NoticeState.OPEN
    assert site.place_of(case).state == PlaceState.NOTED
    site.placements.remove(place, "reviewer")
    assert site.work(number).addresses[0].state is AddressState.REMOVED


def expired(site: NotedSite) -> int:
    """What expires in a year, where a week is the rule."""
    keeper, retention = site.station.keeper, Retention({(ANY, ANY): Rule(days=7)})
    return Expiry(keeper.database, keeper.vault, retention, lambda: utc_now() + timedelta(days=365)).run()


@pytest.fixture
def lasting(tmp_path: Path) -> Iterator[NotedSite]:
    """One whose cases no other test needs."""
    made = noted_site(tmp_path / "lasting")
    yield made
    made.station.sandbox.close()


def test_a_file_that_comes_back_after_its_bytes_expired_is_held_with_bytes_before_it_is_taken(
    lasting: NotedSite,
) -> None:
    name = clean(lasting, "years.jpg", 93)
    file, before = lasting.media / name, (lasting.media / name).read_bytes()
    old = lasting.work(lasting.tell(name)).addresses[0].case
    lasting.confirm(old)
    lasting.placements.remove(lasting.place_of(old).id, "reviewer")
    assert expired(lasting) == 1
    file.write_bytes(before)
    number = lasting.tell(name, reasons="years later it is there again")
    new = lasting.work(number).addresses[0].case
    assert new != old
    assert read(cases(lasting).one(new).content) == before
    place = lasting.placements.note(old, f"file://{file}", "reviewer")
    with pytest.raises(VaultDamaged):
        lasting.placements.remove(place, "reviewer")
    assert file.read_bytes() == before
    lasting.confirm(new)
    lasting.placements.remove(lasting.place_of(new).id, "reviewer")
    assert not file.exists()
    assert lasting.work(number).notice.state is NoticeState.CLOSED


def test_an_address_whose_case_expired_gets_a_new_one_when_somebody_looks_again(lasting: NotedSite) -> None:
    name = clean(lasting, "idle.jpg", 94)
    number = lasting.tell(name)
    old = lasting.work(number).addresses[0].case
    assert expired(lasting) == 1
    address = lasting.work(number).addresses[0]
    assert address.state is AddressState.UNMAPPED
    lasting.acts.look_again(number, address.id, "reviewer")
    again = lasting.work(number).addresses[0]
    assert again.state is AddressState.CASE
    assert again.case != old
    assert cases(lasting).one(again.case).kept.there


def test_what_may_never_be_kept_is_one_case_however_often_somebody_tells(lasting: NotedSite) -> None:
    nothing = Retention({(ANY, ANY): Rule(keep=False)})
    opener = replace(lasting.worker.opener, keeper=replace(lasting.station.keeper, retention=nothing))
    name = clean(lasting, "strict.jpg", 95)
    first, second = lasting.tell(name), lasting.tell(f"{name}?2", email="other@example.org")
    replace(lasting.worker, opener=opener).run()
    assert lasting.first(first).case == lasting.first(second).case
    # Once it may be kept, the next who tells brings its bytes.
    third = lasting.tell(f"{name}?3", email="third@example.org")
    assert cases(lasting).one(lasting.work(third).addresses[0].case).kept.there


def test_a_confirmed_case_without_bytes_is_for_a_person_and_holds_up_no_notice(lasting: NotedSite) -> None:
    nothing = Retention({(ANY, ANY): Rule(keep=False)})
    opener = replace(lasting.worker.opener, keeper=replace(lasting.station.keeper, retention=nothing))
    number = lasting.tell(clean(lasting, "hand.jpg", 96))
    strict = replace(lasting.worker, opener=opener)
    strict.run()
    lasting.confirm(lasting.first(number).case)
    with pytest.raises(VaultDamaged, match="no bytes"):
        lasting.placements.remove(lasting.place_of(lasting.first(number).case).id, "reviewer")
    strict.run()
    assert lasting.file(number).notice.state is NoticeState.PERSON
    assert "by hand" in lasting.first(number).fault
    lasting.acts.say(number, lasting.first(number).id, AddressState.REMOVED, "reviewer")
    assert lasting.file(number).notice.state is NoticeState.CLOSED


class _Killed(Folders):
    """Ends the process in the moment when it would take a file away."""

    def look(self, locator: str, known: Leftover = UNKNOWN) -> Standing:
        raise KeyboardInterrupt(locator)


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotedSite]:
    """One in which nobody releases a listed file, so that each is refused."""
    made = noted_site(tmp_path_factory.mktemp("refusing"), act=True)
    yield made
    made.station.sandbox.close()


def test_killed_before_a_file_was_taken_away_it_is_taken_away_after_that(refusing: NotedSite) -> None:
    number = refusing.tell(listed(refusing, "killed.jpg"))
    dying = replace(refusing.placements, holdings={"file": _Killed()})
    with pytest.raises(KeyboardInterrupt):
        replace(refusing.worker, placements=dying).run()
    assert (refusing.media / "killed.jpg").exists()
    case = refusing.work(number).addresses[0].case
    assert not (refusing.media / "killed.jpg").exists()
    assert refusing.place_of(case).state == PlaceState.REMOVED


def test_what_a_person_has_put_back_no_notice_takes_away_again(refusing: NotedSite) -> None:
    name = listed(refusing, "wanted.jpg")
    case = refusing.work(refusing.tell(name)).addresses[0].case
    refusing.placements.restore(refusing.place_of(case).id, "reviewer")
    refusing.work(refusing.tell(name, reasons="and again"))
    assert (refusing.media / name).exists()
