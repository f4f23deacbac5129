"""How far a decision reaches: the file, the picture, what was meant in bulk; by one person or by two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.quarantine.pictures.test_groups import LOOK, differing, showing
from tests.quarantine.test_keeper import FINDINGS, VERDICT
from tests.support import settings_in, upload_of
from upload_guard.compose import build_station, open_audit, open_cases
from upload_guard.errors import NumberChanged, UsageError
from upload_guard.quarantine.cases import Cases
from upload_guard.quarantine.deciding import acts
from upload_guard.quarantine.deciding.acts import Decided
from upload_guard.quarantine.deciding.bulk import Bulk, Marked, OfEntry, Proposed, Selection
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.quarantine.deciding.rulings import Reach, Ruling, Word
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.quarantine.showing.history import history
from upload_guard.records import Findings, Source
from upload_guard.storage.group_tables import HeldEntry
from upload_guard.storage.opinion_tables import Exemption
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import AuditRow

PICTURE = showing(LOOK)
LIKE_IT = showing(differing(LOOK, 5))
SEEN = Word("ann", "seen")


@dataclass(frozen=True)
class House:
    keeper: QuarantineKeeper
    cases: Cases
    decisions: Decisions

    def keep(
        self, data: bytes, findings: Findings = PICTURE, site: str = "blog", value: bytes = b"e" * 32
    ) -> str:
        (match,) = VERDICT.matches
        verdict = replace(VERDICT, matches=(replace(match, value=value),))
        return self.keeper.keep(upload_of(data, Source(site, "/up")), verdict, findings)

    def states(self, *numbers: str) -> list[str]:
        return [self.cases.one(number).state.value for number in numbers]

    def exemptions(self) -> list[tuple[str, bool]]:
        with self.cases.database.session() as session:
            return [(row.site, row.lifted_at is None) for row in session.scalars(select(Exemption))]

    def acts(self, number: str) -> list[str]:
        with self.cases.database.session() as session:
            found = select(AuditRow.act).where(AuditRow.case_number == number).order_by(AuditRow.sequence)
            return list(session.scalars(found))


@pytest.fixture
def house(tmp_path: Path) -> House:
    settings = settings_in(tmp_path, benign={"shipped": False})
    keeper = build_station(settings).keeper
    return House(keeper, open_cases(settings), Decisions(keeper.database, lambda _: Findings()))


@pytest.fixture
def strict(house: House) -> House:
    return replace(house, decisions=replace(house.decisions, second_person=frozenset({Ruling.CONFIRMED})))


# The file, or the picture -------------------------------------------------------------------------


@pytest.mark.parametrize("ruling", list(Ruling))
def test_all_cases_of_the_file_are_decided_and_no_other_of_the_picture(house: House, ruling: Ruling) -> None:
    file = [house.keep(b"one"), house.keep(b"one")]
    other = house.keep(b"two", LIKE_IT)
    assert house.decisions.decide(ruling, file[1], SEEN).decided == (file[1], file[0])
    assert house.states(*file, other) == [ruling.state, ruling.state, "open"]
    assert [house.acts(number) for number in (*file, other)] == [[f"case.{ruling}"]] * 2 + [[]]


@pytest.mark.parametrize("ruling", list(Ruling))
def test_the_whole_picture_is_where_the_person_says_so(house: House, ruling: Ruling) -> None:
    numbers = [house.keep(b"one"), house.keep(b"two", LIKE_IT), house.keep(b"three", LIKE_IT)]
    unlike = house.keep(b"four", showing(differing(LOOK, 100)))
    assert house.decisions.decide(ruling, numbers[0], SEEN, Reach.PICTURE).count == 3
    assert house.states(*numbers, unlike) == [ruling.state] * 3 + ["open"]
    assert len(house.exemptions()) == (3 if ruling.exempts else 0)


def test_what_was_decided_before_stays_as_it_is(house: House) -> None:
    confirmed = house.keep(b"one")
    house.decisions.confirm(confirmed, "ann", "seen")
    again = house.keep(b"one")
    assert house.decisions.release(again, "bob", "no, harmless").decided == (again,)
    assert house.states(confirmed, again) == ["confirmed", "released"]


def test_what_waits_for_somebody_else_is_decided_only_by_looking_at_it(house: House) -> None:
    waiting = [house.keep(b"one"), house.keep(b"one")]
    house.decisions.escalate(waiting[0], "ann", "I know him")
    again = house.keep(b"one")
    house.decisions.confirm(again, "bob", "seen")
    assert house.states(*waiting, again) == ["escalated", "escalated", "confirmed"]
    house.decisions.confirm(waiting[1], "bob", "seen")
    assert house.states(*waiting) == ["confirmed", "confirmed"]


def test_a_release_exempts_the_file_once_on_each_of_its_sites(house: House) -> None:
    first, *_ = [house.keep(b"one", site=site) for site in ("blog", "blog", "shop", "shop")]
    house.decisions.release(first, "ann", "harmless")
    assert sorted(house.exemptions()) == [("blog", True), ("shop", True)]


def test_a_decision_excuses_what_held_any_case_of_the_file(house: House) -> None:
    first = house.keep(b"one", value=b"a" * 32)
    house.keep(b"one", value=b"b" * 32)
    house.decisions.false_positive(first, "ann", "harmless")
    with house.cases.database.session() as session:
        (row,) = session.scalars(select(Exemption))
    assert [value for _, _, value in row.entries] == ["61" * 32, "62" * 32]


def test_many_cases_are_decided_a_portion_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "AT_ONCE", 2)
    numbers = [house.keep(b"one") for _ in range(5)]
    assert len(house.decisions.release(numbers[0], "ann", "harmless").decided) == 5
    assert house.states(*numbers) == ["released"] * 5
    assert house.exemptions() == [("blog", True)]
    assert set(house.decisions.reopen(numbers[3], "bob", "a slip")) == set(numbers)
    assert house.exemptions() == [("blog", False)]


def test_between_two_portions_an_upload_has_its_turn(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "AT_ONCE", 2)
    numbers = [house.keep(b"one") for _ in range(5)]
    turns: list[str] = []

    def turn(seconds: float) -> None:
        # SQLite lets those who wait look again after 0.1 seconds.
        assert seconds > 0.1
        turns.append(house.keep(b"meanwhile"))

    # This name alone: threads of other tests sleep, too.
    monkeypatch.setattr(acts, "sleep", turn)
    assert len(house.decisions.confirm(numbers[0], "ann", "seen").decided) == 5
    assert len(house.decisions.reopen(numbers[0], "ann", "a slip")) == 5
    assert house.states(*turns) == ["open"] * 4


def test_the_history_says_with_which_case_it_was_decided(house: House) -> None:
    first, second = house.keep(b"one"), house.keep(b"one")
    house.decisions.confirm(first, "ann", "seen")
    told = [[one.what for one in history(house.cases.database, number)] for number in (first, second)]
    assert told == [["decision: confirmed"], [f"decision: confirmed, with case {first}"]]


def test_a_file_that_was_confirmed_and_comes_again_says_so(house: House) -> None:
    first = house.keep(b"one")
    house.decisions.confirm(first, "ann", "seen")
    again = house.keep(b"one")
    (said,) = history(house.cases.database, again)
    assert (said.what, said.by) == (f"the same file was confirmed, case {first}", "ann")
    assert house.states(again) == ["open"]


# Taken back ---------------------------------------------------------------------------------------


def test_all_that_one_act_decided_is_taken_back_and_nothing_that_another_did(house: House) -> None:
    numbers = [house.keep(b"one"), house.keep(b"one")]
    house.decisions.release(numbers[0], "ann", "harmless")
    later = house.keep(b"one")
    house.decisions.release(later, "ann", "harmless")
    assert house.decisions.reopen(numbers[1], "bob", "no") == (numbers[1], numbers[0])
    assert house.states(*numbers, later) == ["open", "open", "released"]
    assert sorted(house.exemptions()) == [("blog", False), ("blog", True)]


def test_what_was_decided_anew_since_is_not_taken_back_with_it(house: House) -> None:
    numbers = [house.keep(b"one"), house.keep(b"two", LIKE_IT)]
    house.decisions.decide(Ruling.CONFIRMED, numbers[0], SEEN, Reach.PICTURE)
    house.decisions.reopen(numbers[0], "bob", "not sure")
    house.decisions.confirm(numbers[1], "bob", "sure of this one")
    house.decisions.confirm(numbers[0], "bob", "of this one, too")
    assert house.decisions.reopen(numbers[0], "ann", "no") == (numbers[0],)
    assert house.states(*numbers) == ["open", "confirmed"]


# Two persons --------------------------------------------------------------------------------------


def test_one_person_alone_only_proposes_to_confirm(strict: House) -> None:
    numbers = [strict.keep(b"one"), strict.keep(b"one")]
    said = strict.decisions.confirm(numbers[0], "ann", "seen")
    assert (said.decided, set(said.proposed)) == ((), set(numbers))
    assert strict.states(*numbers) == ["open", "open"]
    with pytest.raises(UsageError, match="a second person has to agree"):
        strict.decisions.confirm(numbers[1], "ann", "seen again")
    assert [one.what for one in history(strict.cases.database, numbers[0])] == ["proposed to confirm"]


def test_another_person_confirms_it_and_what_came_of_the_file_since(strict: House) -> None:
    first = strict.keep(b"one")
    strict.decisions.confirm(first, "ann", "seen")
    again = strict.keep(b"one")
    assert strict.decisions.confirm(again, "bob", "seen, too").decided == (again, first)
    assert strict.acts(first) == ["case.confirm_proposed", "case.confirmed"]


def test_what_another_person_says_of_one_file_is_no_word_on_another(strict: House) -> None:
    one, two = strict.keep(b"one"), strict.keep(b"two", LIKE_IT)
    strict.decisions.confirm(one, "ann", "seen")
    said = strict.decisions.decide(Ruling.CONFIRMED, two, Word("bob", "seen"), Reach.PICTURE)
    assert (said.decided, said.proposed) == ((one,), (two,))


def test_a_proposal_can_be_taken_back_and_then_the_next_is_the_first(strict: House) -> None:
    case = strict.keep(b"one")
    strict.decisions.confirm(case, "ann", "seen")
    strict.decisions.reopen(case, "ann", "a slip")
    with pytest.raises(UsageError, match="no decision to take back"):
        strict.decisions.reopen(case, "ann", "a slip")
    assert strict.decisions.confirm(case, "bob", "seen").proposed == (case,)


def test_what_is_proposed_for_release_stays_so_when_a_word_on_it_is_taken_back(strict: House) -> None:
    case = strict.keep(b"one")
    propose(strict, case)
    strict.decisions.confirm(case, "ann", "seen")
    assert strict.decisions.reopen(case, "ann", "a slip") == (case,)
    assert strict.states(case) == ["release_proposed"]


@pytest.mark.parametrize("ruling", [Ruling.RELEASED, Ruling.ESCALATED])
def test_another_decision_ends_a_proposal(strict: House, ruling: Ruling) -> None:
    case = strict.keep(b"one")
    strict.decisions.confirm(case, "ann", "seen")
    strict.decisions.decide(ruling, case, Word("bob", "no"))
    assert strict.states(case) == [ruling.state]
    if ruling is Ruling.RELEASED:
        strict.decisions.reopen(case, "carl", "hm")
    assert strict.decisions.confirm(case, "bob", "after all").proposed == (case,)


# In bulk ------------------------------------------------------------------------------------------


def entry(house: House, value: bytes) -> int:
    with house.cases.database.session() as session:
        return session.scalars(select(HeldEntry.id).where(HeldEntry.value == value)).one()


def propose(house: House, *numbers: str) -> None:
    with house.cases.database.session() as session:
        for row in session.scalars(select(Case).where(Case.number.in_(numbers))):
            row.state = "release_proposed"


def hold_again(house: House, number: str) -> None:
    with house.cases.database.session() as session:
        session.scalars(select(Case).where(Case.number == number)).one().state = "open"


def as_seen(bulk: Bulk, which: Selection, ruling: Ruling, word: Word = SEEN) -> Decided:
    return bulk.decide(which, ruling, bulk.seen(which).mark, word)


def test_all_of_one_entry_are_decided_and_none_of_another(house: House) -> None:
    ours = [house.keep(data, value=b"a" * 32) for data in (b"one", b"two", b"one")]
    other = house.keep(b"three", value=b"b" * 32)
    bulk, which = Bulk(house.decisions), OfEntry(entry(house, b"a" * 32))
    assert bulk.seen(which).count == 3
    assert bulk.decide(which, Ruling.CONFIRMED, bulk.seen(which).mark, SEEN).count == 3
    assert house.states(*ours, other) == ["confirmed"] * 3 + ["open"]


def test_a_wrong_entry_lets_no_file_pass_that_another_list_names(house: House) -> None:
    (match,) = VERDICT.matches
    wrong, right = replace(match, value=b"a" * 32), replace(match, value=b"b" * 32, list_name="other")
    both = house.keeper.keep(upload_of(b"one"), replace(VERDICT, matches=(wrong, right)), PICTURE)
    alone = house.keep(b"two", LIKE_IT, value=b"a" * 32)
    bulk, number = Bulk(house.decisions), entry(house, b"a" * 32)
    assert [bulk.seen(OfEntry(number, alone)).count for alone in (False, True)] == [2, 1]
    again = house.keep(b"one", value=b"a" * 32)
    assert as_seen(bulk, OfEntry(number, alone=True), Ruling.RELEASED).decided == (alone,)
    assert house.states(both, again) == ["open", "open"]


def test_marked_cases_are_decided_with_their_files(house: House) -> None:
    one, again = house.keep(b"one"), house.keep(b"one")
    like, unlike = house.keep(b"two", LIKE_IT), house.keep(b"three", showing(differing(LOOK, 100)))
    bulk = Bulk(house.decisions)
    assert [bulk.seen(Marked((one,), reach)).count for reach in Reach] == [2, 3]
    as_seen(bulk, Marked((one, unlike)), Ruling.RELEASED)
    assert house.states(one, again, like, unlike) == ["released", "released", "open", "released"]
    assert set(house.decisions.reopen(again, "bob", "no")) == {one, again}
    assert house.states(unlike) == ["released"]


def test_all_proposed_for_release_are_released_and_what_something_holds_is_not(house: House) -> None:
    numbers = [house.keep(data) for data in (b"one", b"two", b"three")]
    held = house.keep(b"one")
    propose(house, *numbers)
    assert as_seen(Bulk(house.decisions), Proposed(), Ruling.RELEASED).count == 3
    assert house.states(*numbers, held) == ["released"] * 3 + ["open"]
    with house.cases.database.session() as session:
        assert [row.entries for row in session.scalars(select(Exemption))] == [[]] * 3


def test_nothing_is_decided_where_another_case_has_taken_the_place_of_one(house: House) -> None:
    first = house.keep(b"one", value=b"a" * 32)
    bulk, which = Bulk(house.decisions), OfEntry(entry(house, b"a" * 32))
    seen = bulk.seen(which)
    house.decisions.confirm(first, "bob", "it is")
    unseen = house.keep(b"two", site="shop", value=b"a" * 32)
    assert bulk.seen(which).count == seen.count
    with pytest.raises(NumberChanged, match="others than you were told"):
        bulk.decide(which, Ruling.FALSE_POSITIVE, seen.mark, SEEN)
    assert house.states(first, unseen) == ["confirmed", "open"]


@pytest.mark.parametrize("reach", list(Reach))
def test_nothing_is_decided_where_the_case_stands_otherwise_by_then(house: House, reach: Reach) -> None:
    number = house.keep(b"one")
    propose(house, number)
    seen = house.decisions.seen(number, reach)
    hold_again(house, number)
    with pytest.raises(NumberChanged):
        house.decisions.decide(Ruling.RELEASED, number, SEEN, reach, seen.mark)
    assert house.states(number) == ["open"]


def test_what_is_held_again_while_all_that_was_proposed_is_released_stays_held(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [house.keep(data) for data in (b"one", b"two", b"three")]
    propose(house, *numbers)
    monkeypatch.setattr(acts, "AT_ONCE", 1)
    held_before = iter([(), (numbers[1],), ()])

    class Meanwhile(Decisions):
        """Where a list comes to name a file between two portions."""

        @contextmanager
        def _alone(self) -> Iterator[Session]:
            for number in next(held_before):
                hold_again(house, number)
            with super()._alone() as session:
                yield session

    decisions = Meanwhile(house.decisions.database, house.decisions.found)
    done = as_seen(Bulk(decisions), Proposed(), Ruling.RELEASED)
    assert done.decided == (numbers[0], numbers[2])
    assert house.states(*numbers) == ["released", "open", "released"]
    assert len(house.exemptions()) == 2


def test_nothing_to_decide_and_no_reason_are_refused(house: House) -> None:
    with pytest.raises(UsageError, match="no such case left"):
        Bulk(house.decisions).decide(Proposed(), Ruling.RELEASED, "0", SEEN)
    with pytest.raises(UsageError, match="needs a reason"):
        Word("ann", "  ")
    with pytest.raises(UsageError, match="at most"):
        Marked(tuple(str(at) for at in range(501)))


def test_a_bulk_confirmation_is_a_proposal_where_it_takes_two(strict: House) -> None:
    numbers = (strict.keep(b"one"), strict.keep(b"two", LIKE_IT))
    bulk = Bulk(strict.decisions)
    assert as_seen(bulk, Marked(numbers), Ruling.CONFIRMED).proposed == numbers
    assert as_seen(bulk, Marked(numbers), Ruling.CONFIRMED, Word("bob", "seen")).decided == numbers


def test_the_audit_log_is_sound_after_all_of_it(house: House) -> None:
    house.decisions.confirm(house.keep(b"one"), "ann", "seen")
    house.keep(b"data", FINDINGS)
    watch = open_audit(settings_in(house.keeper.vault.folder.parent.parent))
    watch.export()
    with watch.database.session() as session:
        assert watch.audit.verify(session).sequence == 1
