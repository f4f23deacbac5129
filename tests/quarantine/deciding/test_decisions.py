"""What people decide about cases, files and entries, on a real station with real lists."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.support import (
    activate_list,
    activate_listed_picture,
    listed_hashes,
    live,
    picture_bytes,
    quiet_station,
    recompressed,
    settings_in,
    upload_of,
)
from upload_guard.compose import Station, build_reevaluator, open_cases, open_decisions, open_lists
from upload_guard.errors import NumberChanged, UsageError
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.quarantine.deciding.bulk import Bulk, Proposed
from upload_guard.quarantine.deciding.decisions import Decisions, Disputed
from upload_guard.quarantine.deciding.foresight import foresee
from upload_guard.quarantine.deciding.reevaluation import Reevaluated, Reevaluator
from upload_guard.quarantine.deciding.rulings import Reach, Ruling, Word
from upload_guard.records import Action, Findings, Outcome, Result, SignalType, Source
from upload_guard.settings import Settings
from upload_guard.storage.opinion_tables import Exemption
from upload_guard.storage.tables import Case


@dataclass(frozen=True)
class House:
    settings: Settings
    station: Station
    decisions: Decisions

    def upload(self, data: bytes, site: str = "blog") -> Outcome:
        live(self.station.checker.opinions).look()
        (outcome,) = self.station.guard.check([upload_of(data, Source(site, "/up"))])
        return outcome

    def judge_again(self) -> Reevaluated:
        self.station.snapshot.look()
        live(self.station.checker.opinions).look()
        live(self.station.checker.bank).look()
        (job,) = (job for job in self.station.housekeeper.jobs if job.name == "reevaluation")
        done = job.run()
        assert isinstance(done, Reevaluated)
        return done

    def state(self, number: str) -> str:
        return open_cases(self.settings).one(number).state


def house_in(folder: Path, **sections: object) -> House:
    settings = settings_in(folder, **({"benign": {"shipped": False}} | sections))
    return House(settings, quiet_station(settings), open_decisions(settings))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return house_in(tmp_path)


@pytest.fixture
def listed(house: House) -> bytes:
    return activate_listed_picture(house.settings)


def entries_of(data: bytes) -> tuple[tuple[SignalType, bytes], ...]:
    """The digests of a picture as `listed_hashes` lists them, in the order of disputes."""
    return tuple(sorted((one.signal_type, one.value) for one in listed_hashes(data)[:2]))


def zip_of(*files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for at, data in enumerate(files):
            archive.writestr(f"holiday{at}.jpg", data)
    return out.getvalue()


# A file found harmless ----------------------------------------------------------------------------


def test_a_false_positive_passes_at_once_and_everywhere(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    house.decisions.false_positive(case, "ann", "a stock photo")
    for site in ("blog", "shop"):
        verdict = house.upload(listed, site).verdict
        assert (verdict.result, verdict.action, verdict.reason) == (
            Result.DISPUTED,
            Action.MONITOR,
            "false_positive",
        )
    assert house.state(case) == "released"


def test_only_that_very_file_passes(house: House, listed: bytes) -> None:
    house.decisions.false_positive(house.upload(listed).case, "ann", "a stock photo")
    assert house.upload(recompressed(listed)).verdict.action is Action.QUARANTINE
    assert house.upload(listed + b"\0").verdict.action is Action.QUARANTINE
    assert house.upload(zip_of(listed)).verdict.action.refuses


def test_what_is_listed_later_is_not_excused(house: House, listed: bytes) -> None:
    house.decisions.false_positive(house.upload(listed).case, "ann", "a stock photo")
    activate_list(house.settings, listed_hashes(listed), "another", origin="another")
    house.station.snapshot.look()
    verdict = house.upload(listed).verdict
    assert (verdict.action, verdict.matches[0].list_name) == (Action.BLOCK, "another")


def test_a_likeness_found_harmless_passes_too(house: House, listed: bytes) -> None:
    copy = recompressed(listed)
    house.decisions.false_positive(house.upload(copy).case, "ann", "another beach")
    assert house.upload(copy).verdict.result is Result.DISPUTED
    assert house.upload(listed).verdict.action is Action.BLOCK


def test_an_image_that_cannot_be_read_passes_once_a_person_said_so(house: House, listed: bytes) -> None:
    broken = picture_bytes(7)[:9000]
    outcome = house.upload(broken)
    assert outcome.verdict.result is Result.UNSCANNABLE
    house.decisions.false_positive(outcome.case, "ann", "a broken holiday photo")
    verdict = house.upload(broken).verdict
    assert (verdict.result, verdict.reason) == (Result.DISPUTED, "false_positive")


def test_a_released_file_passes_on_its_site_for_thirty_days(house: House, listed: bytes) -> None:
    house.decisions.release(house.upload(listed).case, "ann", "retracted")
    assert house.upload(listed, "blog").verdict.action is Action.MONITOR
    assert house.upload(listed, "shop").verdict.action is Action.BLOCK
    with house.decisions.database.session() as session:
        until = session.scalars(select(Exemption.until)).one()
        assert until is not None
        assert timedelta(days=29) < until - datetime.now(UTC) <= timedelta(days=30)
        session.execute(update(Exemption).values(until=datetime.now(UTC) - timedelta(seconds=1)))
    assert house.upload(listed, "blog").verdict.action is Action.BLOCK


def test_a_decision_taken_back_no_longer_excuses(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    house.decisions.false_positive(case, "ann", "a stock photo")
    house.decisions.reopen(case, "bob", "no, it is not")
    assert house.upload(listed).verdict.action is Action.BLOCK
    assert house.state(case) == "open"


def test_other_cases_of_the_same_file_are_decided_with_it(house: House, listed: bytes) -> None:
    first, second, other = (house.upload(data).case for data in (listed, listed, recompressed(listed)))
    assert house.decisions.false_positive(first, "ann", "a stock photo").decided == (first, second)
    assert [house.state(case) for case in (first, second, other)] == ["released", "released", "open"]


def test_a_decision_needs_a_reason_and_an_undecided_case(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    with pytest.raises(UsageError, match="needs a reason"):
        house.decisions.confirm(case, "ann", " ")
    house.decisions.confirm(case, "ann", "seen")
    with pytest.raises(UsageError, match="is confirmed: reopen it first"):
        house.decisions.false_positive(case, "bob", "no")
    with pytest.raises(UsageError, match="there is no case"):
        house.decisions.escalate("2222-2222-2222", "ann", "who knows")
    with pytest.raises(UsageError, match="there is no decision to take back"):
        house.decisions.reopen(house.upload(listed).case, "ann", "why not")


def test_an_escalated_case_is_still_to_be_decided(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    house.decisions.escalate(case, "ann", "I know him")
    house.decisions.confirm(case, "bob", "seen")
    assert house.state(case) == "confirmed"


# An entry disputed --------------------------------------------------------------------------------


def test_one_person_alone_cannot_dispute_an_entry(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    assert house.decisions.dispute(case, "test-list", "ann", "a stock photo") == Disputed(
        entries_of(listed), ()
    )
    assert house.upload(listed).verdict.action is Action.BLOCK
    with pytest.raises(UsageError, match="a second person has to agree"):
        house.decisions.dispute(case, "test-list", "ann", "really")
    assert house.upload(listed).verdict.action is Action.BLOCK


def test_two_persons_can_and_then_the_entry_acts_no_more(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    house.decisions.dispute(case, "test-list", "ann", "a stock photo")
    assert house.decisions.dispute(case, "test-list", "bob", "indeed") == Disputed((), entries_of(listed))
    verdict = house.upload(listed).verdict
    # The look of it is another entry, and nobody disputed that.
    assert (verdict.action, verdict.reason) == (Action.QUARANTINE, "perceptual")


def test_a_list_of_digests_alone_holds_nothing_once_they_are_disputed(house: House) -> None:
    data = picture_bytes(1)
    activate_list(house.settings, listed_hashes(data)[:2])
    case = house.upload(data).case
    for person in ("ann", "bob"):
        house.decisions.dispute(case, "test-list", person, "a stock photo")
    verdict = house.upload(data).verdict
    assert (verdict.result, verdict.action, verdict.reason) == (
        Result.DISPUTED,
        Action.MONITOR,
        "disputed_entry",
    )
    assert house.judge_again() == Reevaluated(judged=1, proposed=1)
    house.decisions.lift_dispute(case, "test-list", "ann")
    assert house.upload(data).verdict.action is Action.BLOCK
    assert house.judge_again() == Reevaluated(judged=1, reopened=1)


def test_a_likeness_is_no_ground_to_dispute_an_entry(house: House, listed: bytes) -> None:
    case = house.upload(recompressed(listed)).case
    with pytest.raises(UsageError, match="no exact match"):
        house.decisions.dispute(case, "test-list", "ann", "another beach")


def test_neither_is_a_list_that_did_not_match(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    with pytest.raises(UsageError, match="no exact match on a list 'other'"):
        house.decisions.dispute(case, "other", "ann", "because")
    with pytest.raises(UsageError, match="no entry of 'test-list' is disputed"):
        house.decisions.lift_dispute(case, "test-list", "ann")


# Cases judged again -------------------------------------------------------------------------------


def test_a_case_held_only_by_what_is_retracted_is_proposed_for_release(house: House, listed: bytes) -> None:
    exact, likeness = house.upload(listed).case, house.upload(recompressed(listed)).case
    lists = open_lists(house.settings)
    lists.retract("test-list", listed_hashes(listed)[:2], "ann")
    house.judge_again()
    # Its look is on the list still, which only opening the file could tell.
    assert [house.state(case) for case in (exact, likeness)] == ["open", "open"]
    assert open_cases(house.settings).one(exact).action == "quarantine"
    lists.retract("test-list", listed_hashes(listed)[2:], "ann")
    assert house.judge_again() == Reevaluated(judged=2, proposed=2)
    assert [house.state(case) for case in (exact, likeness)] == ["release_proposed"] * 2


def test_what_another_list_holds_stays_open(house: House, listed: bytes) -> None:
    activate_list(house.settings, listed_hashes(listed), "another", origin="another")
    house.station.snapshot.look()
    case = house.upload(listed).case
    open_lists(house.settings).retract("test-list", listed_hashes(listed), "ann")
    assert house.judge_again() == Reevaluated(judged=1)
    kept = open_cases(house.settings).one(case)
    assert (kept.state, kept.matches[0].list_name) == ("open", "another")


def test_what_is_listed_again_is_open_again(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    lists = open_lists(house.settings)
    lists.retract("test-list", listed_hashes(listed), "ann")
    house.judge_again()
    lists.add("test-list", listed_hashes(listed), "baseline", "ann")
    assert house.judge_again() == Reevaluated(judged=1, reopened=1)
    assert house.state(case) == "open"


def test_a_rollback_proposes_the_release_of_what_the_bad_version_held(house: House, listed: bytes) -> None:
    stock = picture_bytes(5)
    activate_list(house.settings, [*listed_hashes(listed), *listed_hashes(stock)])
    house.station.snapshot.look()
    wrong, right = house.upload(stock).case, house.upload(listed).case
    open_lists(house.settings).rollback("test-list", 1, "ann")
    assert house.judge_again() == Reevaluated(judged=2, proposed=1)
    assert (house.state(wrong), house.state(right)) == ("release_proposed", "open")


def test_policy_may_release_by_itself(tmp_path: Path) -> None:
    house = house_in(tmp_path, quarantine={"on_retraction": "release"})
    listed = activate_listed_picture(house.settings)
    case = house.upload(listed).case
    open_lists(house.settings).retract("test-list", listed_hashes(listed), "ann")
    assert house.judge_again() == Reevaluated(judged=1, released=1)
    assert house.state(case) == "released"


def test_nothing_is_judged_twice_under_the_same_lists(house: House, listed: bytes) -> None:
    house.upload(listed)
    assert house.judge_again() == Reevaluated()
    open_lists(house.settings).add("test-list", listed_hashes(picture_bytes(3)), "baseline", "ann")
    assert house.judge_again() == Reevaluated(judged=1)
    assert house.judge_again() == Reevaluated()


def test_what_a_person_has_decided_stays_so(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    house.decisions.confirm(case, "ann", "seen")
    open_lists(house.settings).retract("test-list", listed_hashes(listed), "ann")
    assert house.judge_again() == Reevaluated()
    assert house.state(case) == "confirmed"


def test_what_could_not_be_read_stays_held_whatever_lists_say(house: House, listed: bytes) -> None:
    case = house.upload(picture_bytes(7)[:9000]).case
    open_lists(house.settings).retract("test-list", listed_hashes(listed), "ann")
    house.judge_again()
    assert (house.state(case), open_cases(house.settings).one(case).result) == ("open", "unscannable")


def test_a_case_whose_bytes_are_gone_and_were_never_opened_stays_open(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    Path(open_cases(house.settings).one(case).place).unlink()
    open_lists(house.settings).retract("test-list", listed_hashes(listed), "ann")
    house.judge_again()
    assert house.state(case) == "open"


def test_a_listed_file_in_an_archive_is_judged_again_by_its_own_digest(house: House) -> None:
    data = picture_bytes(1)
    activate_list(house.settings, listed_hashes(data)[:1])
    case = house.upload(zip_of(data)).case
    lists = open_lists(house.settings)
    lists.add("test-list", listed_hashes(picture_bytes(3)), "baseline", "ann")
    assert house.judge_again() == Reevaluated(judged=1)
    assert house.state(case) == "open"
    lists.retract("test-list", listed_hashes(data), "ann")
    assert house.judge_again() == Reevaluated(judged=1, proposed=1)


def test_a_case_of_which_no_bytes_are_kept_is_not_compared_again_each_second(tmp_path: Path) -> None:
    house = house_in(tmp_path, quarantine={"retention": {"any": {"any": {"keep": "none"}}}})
    listed = activate_listed_picture(house.settings)
    case = house.upload(listed).case
    open_lists(house.settings).retract("test-list", listed_hashes(listed), "ann")
    before = under_of(house)
    house.judge_again()
    assert house.state(case) == "open"
    assert under_of(house) != before


def test_a_file_that_another_list_names_meanwhile_is_not_decided_unseen(house: House, listed: bytes) -> None:
    case = house.upload(listed).case
    told = foresee(house.station.keeper.database, case).marks[Reach.FILE]
    activate_list(house.settings, listed_hashes(listed), name="other-list")
    house.judge_again()
    with pytest.raises(NumberChanged):
        house.decisions.decide(Ruling.RELEASED, case, Word("ann", "seen"), Reach.FILE, told)
    assert house.state(case) == "open"


def under_of(house: House) -> str:
    """What the newest case was judged under: while that is another than now, it is judged each second."""
    with house.station.keeper.database.session() as session:
        return session.scalars(select(Case.under).order_by(Case.id.desc())).first() or ""


def test_a_file_that_nobody_has_opened_is_opened_when_its_look_comes_to_be_listed(house: House) -> None:
    data = picture_bytes(1)
    digests, look = listed_hashes(data)[:2], listed_hashes(data)[2:]
    activate_list(house.settings, digests)
    case = house.upload(data).case
    lists = open_lists(house.settings)
    lists.retract("test-list", digests, "ann")
    assert house.judge_again() == Reevaluated(judged=1, proposed=1)
    lists.add("test-list", look, "baseline", "ann")
    assert house.judge_again() == Reevaluated(judged=1, reopened=1)
    assert open_cases(house.settings).one(case).reason == "perceptual"


# What a review with fresh eyes found ----------------------------------------------------------------


def test_a_decision_does_not_excuse_what_was_imported_and_did_not_act_yet(
    house: House, listed: bytes
) -> None:
    other = picture_bytes(5)
    lists = open_lists(house.settings)
    order = ImportOrder("later", "test", "baseline", "later", "tester")
    lists.import_version(order, listed_hashes(listed))
    house.decisions.false_positive(house.upload(listed).case, "ann", "a stock photo")
    assert house.upload(listed).verdict.result is Result.DISPUTED
    lists.activate("later", 1, "tester")
    house.station.snapshot.look()
    verdict = house.upload(listed).verdict
    assert (verdict.action, verdict.matches[0].list_name) == (Action.BLOCK, "later")
    assert house.upload(other).verdict.result is Result.CLEAN


def test_several_listed_files_in_one_archive_are_no_ground_for_a_dispute(house: House) -> None:
    logo, bad = picture_bytes(1), picture_bytes(5)
    activate_list(house.settings, [*listed_hashes(logo)[:2], *listed_hashes(bad)[:2]])
    case = house.upload(zip_of(logo, bad)).case
    with pytest.raises(UsageError, match="holds several listed files"):
        house.decisions.dispute(case, "test-list", "ann", "our own logo")
    alone = house.upload(zip_of(logo)).case
    for person in ("ann", "bob"):
        house.decisions.dispute(alone, "test-list", person, "our own logo")
    assert house.upload(logo).verdict.action is Action.MONITOR
    assert house.upload(bad).verdict.action is Action.BLOCK


def test_two_persons_who_propose_different_entries_can_still_agree(house: House) -> None:
    data = picture_bytes(1)
    sha256, md5, _ = listed_hashes(data)
    activate_list(house.settings, [sha256])
    house.decisions.dispute(house.upload(data).case, "test-list", "ann", "a logo")
    open_lists(house.settings).add("test-list", [md5], "baseline", "carl")
    house.station.snapshot.look()
    second = house.upload(data).case
    said = house.decisions.dispute(second, "test-list", "bob", "a logo")
    assert (len(said.agreed), len(said.proposed)) == (1, 1)
    said = house.decisions.dispute(second, "test-list", "ann", "a logo")
    assert len(said.agreed) == 2
    assert house.upload(data).verdict.action is Action.MONITOR


def test_a_dispute_needs_a_reason(house: House, listed: bytes) -> None:
    with pytest.raises(UsageError, match="needs a reason"):
        house.decisions.dispute(house.upload(listed).case, "test-list", "ann", " ")


def test_a_dispute_is_lifted_by_any_case_of_the_file(house: House) -> None:
    data = picture_bytes(1)
    activate_list(house.settings, listed_hashes(data)[:2])
    first, second = house.upload(data).case, house.upload(data).case
    for case, person in ((first, "ann"), (second, "bob")):
        house.decisions.dispute(case, "test-list", person, "a logo")
    assert house.decisions.lift_dispute(second, "test-list", "carl") == 2
    assert house.upload(data).verdict.action is Action.BLOCK


def test_a_release_of_a_case_without_a_site_is_no_release_everywhere(house: House, listed: bytes) -> None:
    house.decisions.release(house.upload(listed, "").case, "ann", "from benign add")
    assert house.upload(listed, "").verdict.action is Action.MONITOR
    assert house.upload(listed, "shop").verdict.action is Action.BLOCK


def test_only_what_is_proposed_at_that_moment_is_released_as_proposed(house: House, listed: bytes) -> None:
    wrong, right = house.upload(picture_bytes(7)[:9000]).case, house.upload(listed).case
    open_lists(house.settings).retract("test-list", listed_hashes(listed), "ann")
    house.judge_again()
    bulk = Bulk(house.decisions)
    done = bulk.decide(Proposed(), Ruling.RELEASED, bulk.seen(Proposed()).mark, Word("ann", "retracted"))
    assert done.decided == (right,)
    assert (house.state(wrong), house.state(right)) == ("open", "released")


def test_a_newer_release_counts_beside_an_older_false_positive(house: House, listed: bytes) -> None:
    house.decisions.false_positive(house.upload(listed).case, "ann", "a stock photo")
    activate_list(house.settings, listed_hashes(listed), "another", origin="another")
    house.station.snapshot.look()
    # As the command does, which sees what is listed at that moment.
    open_decisions(house.settings).release(house.upload(listed).case, "ann", "again")
    assert house.upload(listed, "blog").verdict.action is Action.MONITOR
    assert house.upload(listed, "shop").verdict.action is Action.BLOCK


def test_a_person_who_decides_while_a_case_is_judged_again_has_the_last_word(
    house: House, listed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = house.upload(listed).case
    open_lists(house.settings).retract("test-list", listed_hashes(listed), "ann")
    house.station.snapshot.look()
    reevaluator = build_reevaluator(house.settings)
    found = type(reevaluator).found

    def decided_meanwhile(self: Reevaluator, row: Case) -> Findings:
        findings = found(self, row)
        house.decisions.confirm(case, "bob", "seen")
        return findings

    monkeypatch.setattr(type(reevaluator), "found", decided_meanwhile)
    assert reevaluator.run() == Reevaluated()
    assert house.state(case) == "confirmed"


def test_policy_does_not_release_what_a_person_has_reopened(tmp_path: Path) -> None:
    house = house_in(tmp_path, quarantine={"on_retraction": "release"})
    listed = activate_listed_picture(house.settings)
    case = house.upload(listed).case
    open_lists(house.settings).retract("test-list", listed_hashes(listed), "ann")
    house.judge_again()
    house.decisions.reopen(case, "bob", "I want to see it")
    open_lists(house.settings).add("test-list", listed_hashes(picture_bytes(3)), "baseline", "ann")
    house.judge_again()
    assert house.state(case) == "release_proposed"


def test_what_a_route_holds_as_unreadable_is_not_proposed_for_release(tmp_path: Path) -> None:
    strict = {"path": "/up", "failure": {"unscannable": "quarantine"}}
    house = house_in(tmp_path, failure={"unscannable": "monitor"}, routes=[strict])
    broken = picture_bytes(7)[:9000]
    digest = listed_hashes_of_file(broken)
    activate_list(house.settings, [digest, *listed_hashes(picture_bytes(3))])
    case = house.upload(broken).case
    open_lists(house.settings).retract("test-list", [digest], "ann")
    house.judge_again()
    assert house.state(case) == "open"


def listed_hashes_of_file(data: bytes) -> ListedHash:
    return ListedHash(SignalType.SHA256, upload_of(data).digest.sha256)


def test_cases_are_judged_again_when_the_settings_change(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    listed = activate_listed_picture(house.settings)
    case = house.upload(listed).case
    trust = house.settings.trust.model_copy(update={"baseline": "ignore"})
    later = house.settings.model_copy(update={"trust": trust})
    assert build_reevaluator(later).run() == Reevaluated(judged=1, proposed=1)
    assert house.state(case) == "release_proposed"


def test_an_entry_that_is_lowered_does_not_lower_what_its_case_would_be_by_its_look(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    data = picture_bytes(1)
    for origin in ("one", "two"):
        activate_list(house.settings, listed_hashes(data), origin, origin=origin)
    case = house.upload(data).case
    for name in ("one", "two"):
        for person in ("ann", "bob"):
            house.decisions.dispute(case, name, person, "digests of a logo")
    house.judge_again()
    assert open_cases(house.settings).one(case).reason == house.upload(data).verdict.reason == "corroborated"
