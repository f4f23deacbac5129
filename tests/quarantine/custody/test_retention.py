"""How long bytes are held: rules, expiry, legal holds, preservation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.support import read, settings_in, upload_of
from upload_guard.audit.heads import HeadFile
from upload_guard.compose import build_station, open_audit, open_cases, open_decisions
from upload_guard.compose.rules import build_retention
from upload_guard.errors import AuditBroken, ConfigError, UsageError, VaultDamaged
from upload_guard.loading import load_settings
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.quarantine.custody import holds
from upload_guard.quarantine.custody.holds import Holds, a_year_after
from upload_guard.quarantine.custody.retention import ANY, UNREAD, Expiry, Retention, Rule
from upload_guard.quarantine.deciding.rulings import Ruling
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.records import Action, Findings, Match, Result, SignalType, Source, Verdict
from upload_guard.settings import Settings
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import AuditHead
from upload_guard.vault.states import Kept

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DATA = b"the very bytes"


def verdict(category: str) -> Verdict:
    match = Match(SignalType.MD5, "", 0, 0, "icse", 2, "interpol", category, 4, NOW)
    return Verdict(Result.MATCH, Action.BLOCK, "exact", (match,))


@dataclass(frozen=True)
class House:
    settings: Settings
    keeper: QuarantineKeeper
    holds: Holds

    def keep(self, category: str = "baseline", site: str = "shop") -> str:
        number = self.keeper.keep(upload_of(DATA, Source(site, "/up")), verdict(category), Findings())
        with self.keeper.database.session() as session:
            session.execute(update(Case).where(Case.number == number).values(created_at=NOW))
        return number

    def expire(self, days: float) -> int:
        """What expires so many days after everything was kept."""
        retention = build_retention(self.settings)
        return Expiry(self.keeper.database, self.keeper.vault, retention, lambda: NOW + days * DAY).run()

    def case(self, number: str) -> CaseInfo:
        return open_cases(self.settings).one(number)


RULES = {
    "any": {"any": {"days": 365}},
    "NL": {"baseline": {"days": 30}, "illegal": {"keep": "none"}},
    "US": {"any": {"days": 400}},
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    quarantine = {"jurisdiction": "NL", "site_jurisdictions": {"store": "US"}, "retention": RULES}
    settings = settings_in(tmp_path, quarantine=quarantine, benign={"shipped": False})
    keeper = build_station(settings).keeper
    return House(settings, keeper, Holds(keeper.database))


# Rules --------------------------------------------------------------------------------------------


def test_the_most_particular_rule_counts(house: House) -> None:
    rules = build_retention(house.settings)
    asked = [("shop", "baseline"), ("shop", "Baseline"), ("shop", "other"), ("store", "baseline")]
    assert [rules.rule(*one).days for one in asked] == [30, 30, 365, 400]
    assert not rules.rule("shop", "illegal").keep
    assert rules.rule("store", "illegal").keep


def test_without_rules_everything_is_kept_for_ever() -> None:
    assert Retention().rule("shop", "baseline") == Rule(keep=True, days=0)
    assert Retention().shortest == 0


def test_a_rule_for_a_category_everywhere_is_weaker_than_any_of_the_jurisdiction() -> None:
    rules = Retention({(ANY, "baseline"): Rule(days=1), ("NL", ANY): Rule(days=2)}, "NL", {"store": "DE"})
    assert [rules.rule(site, "baseline").days for site in ("shop", "store")] == [2, 1]


def test_rules_come_from_tables_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "guard.toml"
    file.write_text('[quarantine]\njurisdiction = "NL"\n[quarantine.retention.NL.baseline]\ndays = 90\n')
    assert build_retention(load_settings(file)).rule("shop", "baseline") == Rule(days=90)
    file.write_text("[quarantine.retention.NL.baseline]\nyears = 1\n")
    with pytest.raises(ConfigError, match="accepted: keep, days"):
        load_settings(file)


# keep = "none" ------------------------------------------------------------------------------------


def test_where_possession_is_forbidden_the_case_and_its_hashes_stay_and_no_bytes(house: House) -> None:
    number = house.keep("illegal")
    case = house.case(number)
    assert (case.state, case.size, case.kept) == ("open", len(DATA), Kept.NONE)
    assert case.matches
    with pytest.raises(VaultDamaged, match="not kept"):
        read(case.content)
    assert not [
        file for file in house.keeper.vault.folder.rglob("*") if file.is_file() and file.suffix != ".lock"
    ]


def test_it_is_decided_like_any_other(house: House) -> None:
    number = house.keep("illegal")
    open_decisions(house.settings).false_positive(number, "ann", "a stock photo")
    assert house.case(number).state == "released"


def test_what_could_not_be_read_has_a_category_of_its_own(tmp_path: Path) -> None:
    retention = {"any": {UNREAD: {"keep": "none"}}}
    keeper = build_station(settings_in(tmp_path, quarantine={"retention": retention})).keeper
    unread = Verdict(Result.UNSCANNABLE, Action.QUARANTINE, "truncated")
    number = keeper.keep(upload_of(DATA), unread, Findings(unscannable="truncated"))
    assert open_cases(settings_in(tmp_path)).one(number).kept == Kept.NONE


# Expiry -------------------------------------------------------------------------------------------


def test_bytes_are_shredded_when_their_time_is_up_and_not_before(house: House) -> None:
    number = house.keep()
    assert house.expire(29.99) == 0
    assert read(house.case(number).content) == DATA
    assert (house.expire(30), house.expire(31)) == (1, 0)
    case = house.case(number)
    assert (case.state, case.kept) == ("expired", Kept.SHREDDED)
    assert case.sha256
    assert not Path(case.place).exists()


def test_a_decided_case_keeps_its_decision_when_its_bytes_go(house: House) -> None:
    number = house.keep()
    open_decisions(house.settings).confirm(number, "ann", "it is")
    house.expire(30)
    assert (house.case(number).state, house.case(number).kept) == ("confirmed", Kept.SHREDDED)


def test_each_category_and_site_has_its_own_time(house: House) -> None:
    soon, later, latest = house.keep(), house.keep("other"), house.keep(site="store")
    assert [house.expire(days) for days in (100, 365, 399, 400)] == [1, 1, 0, 1]
    kept = [house.case(number).kept for number in (soon, later, latest)]
    assert kept == [Kept.LET_GO, Kept.LET_GO, Kept.SHREDDED]


# Bytes that several cases share --------------------------------------------------------------------


def test_bytes_stay_for_as_long_as_one_case_of_the_file_keeps_them(house: House) -> None:
    soon, later = house.keep(), house.keep("other")
    assert house.expire(30) == 1
    assert (house.case(soon).state, house.case(soon).kept) == ("expired", Kept.LET_GO)
    with pytest.raises(VaultDamaged, match="let go of"):
        read(house.case(soon).content)
    assert read(house.case(later).content) == DATA
    house.expire(365)
    assert house.case(later).kept == Kept.SHREDDED
    assert not Path(house.case(later).place).exists()


def test_a_hold_on_one_case_holds_the_bytes_and_the_other_case_still_expires(house: House) -> None:
    held, other = house.keep(), house.keep()
    house.holds.place(held, "ann", "the police asked")
    assert house.expire(3000) == 1
    assert read(house.case(held).content) == DATA
    assert house.case(other).kept == Kept.LET_GO
    with pytest.raises(UsageError, match="not held"):
        house.holds.place(other, "ann", "this one, too")
    house.holds.lift(held, None, "ben", "the police is done")
    assert house.expire(3000) == 1
    assert house.case(held).kept == Kept.SHREDDED


def test_a_case_that_expires_while_it_is_put_on_hold_is_not_on_hold(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, other = house.keep(), house.keep("other")
    claim = holds.claim

    def expired_just_before(session: Session, name: str) -> bool:
        house.expire(30)
        return claim(session, name)

    monkeypatch.setattr(holds, "claim", expired_just_before)
    with pytest.raises(UsageError, match="not held"):
        house.holds.place(slow, "ann", "the police asked")
    assert house.case(slow).kept == Kept.LET_GO
    assert read(house.case(other).content) == DATA


def test_a_case_that_may_keep_no_bytes_has_none_though_another_of_the_same_file_has(house: House) -> None:
    kept, forbidden = house.keep(), house.keep("illegal")
    assert (house.case(kept).kept, house.case(forbidden).kept) == (Kept.SEALED, Kept.NONE)
    house.expire(30)
    assert house.case(kept).kept == Kept.SHREDDED


def test_what_was_shredded_is_stored_anew_when_it_comes_again(house: House) -> None:
    first = house.keep()
    house.expire(30)
    again = house.keep()
    assert (house.case(first).kept, read(house.case(again).content)) == (Kept.SHREDDED, DATA)


def test_what_one_run_was_killed_in_the_next_one_ends(house: House) -> None:
    number = house.keep()
    name = Path(house.case(number).place).name
    with house.keeper.database.session() as session:
        house.keeper.vault.shred(session, name)
    assert house.case(number).kept == Kept.SHREDDING
    house.expire(1)
    assert house.case(number).kept == Kept.SHREDDED
    assert not Path(house.case(number).place).exists()


def test_an_expiry_stands_in_the_audit_log_and_none_happens_while_that_is_broken(house: House) -> None:
    first = house.keep()
    house.expire(30)
    second = house.keep()
    with house.keeper.database.session() as session:
        session.execute(update(AuditHead).values(mac=bytes(32)))
    with pytest.raises(AuditBroken):
        house.expire(30)
    assert read(house.case(second).content) == DATA
    assert house.case(first).kept == Kept.SHREDDED


# Legal holds and preservation ---------------------------------------------------------------------


def test_f6_a_hold_wins_over_expiry_and_after_its_release_the_bytes_are_shredded(house: House) -> None:
    number = house.keep()
    house.holds.place(number, "ann", "the police asked")
    assert house.expire(3000) == 0
    assert read(house.case(number).content) == DATA
    house.holds.lift(number, None, "ben", "the police is done")
    assert house.expire(3000) == 1
    assert house.case(number).kept == Kept.SHREDDED


def test_what_is_kept_by_law_is_not_written_to_at_every_look(house: House) -> None:
    number = house.keep()
    house.holds.place(number, "ann", "the police asked")
    with house.keeper.database.engine.connect() as other:
        # SQLite counts what others have written.
        before, _, after = (
            other.exec_driver_sql("PRAGMA data_version").scalar(),
            house.expire(60),
            other.exec_driver_sql("PRAGMA data_version").scalar(),
        )
    assert after == before
    assert house.case(number).kept is Kept.SEALED


def test_the_first_word_of_two_ends_with_its_case(house: House) -> None:
    number = house.keep()
    two = replace(open_decisions(house.settings), second_person=frozenset({Ruling.CONFIRMED}))
    two.confirm(number, "ann", "it is")
    assert house.expire(60) == 1
    assert two.confirm(house.keep(), "ben", "it is").decided == ()


def test_of_several_holds_each_is_lifted_by_itself(house: House) -> None:
    number = house.keep()
    one, two = (house.holds.place(number, person, "asked") for person in ("ann", "ben"))
    with pytest.raises(UsageError, match="--hold"):
        house.holds.lift(number, None, "ann", "done")
    house.holds.lift(number, one, "ann", "done")
    assert house.expire(3000) == 0
    house.holds.lift(number, two, "ann", "done")
    with pytest.raises(UsageError, match="no such hold"):
        house.holds.lift(number, two, "ann", "done")
    assert house.expire(3000) == 1


def test_a_hold_needs_a_reason_and_bytes(house: House) -> None:
    number = house.keep()
    with pytest.raises(UsageError, match="reason"):
        house.holds.place(number, "ann", "  ")
    house.expire(30)
    for gone in (number, house.keep("illegal")):
        with pytest.raises(UsageError, match="not held"):
            house.holds.place(gone, "ann", "asked")


def test_nothing_is_shredded_within_a_year_of_the_reports_submission(house: House) -> None:
    number = house.keep()
    submitted = NOW + 20 * DAY
    assert house.holds.preserve(number, "CyberTipline 1", submitted, "ann") == submitted + 365 * DAY
    assert [house.expire(days) for days in (30, 384.9, 385)] == [0, 0, 1]


def test_a_year_is_the_same_day_of_the_next() -> None:
    assert a_year_after(datetime(2027, 5, 6, 7, tzinfo=UTC)) == datetime(2028, 5, 6, 7, tzinfo=UTC)
    assert a_year_after(datetime(2028, 2, 29, tzinfo=UTC)) == datetime(2029, 3, 1, tzinfo=UTC)


def test_holds_stand_in_the_audit_log(house: House) -> None:
    number = house.keep()
    house.holds.place(number, "ann", "asked")
    house.holds.lift(number, None, "ben", "done")
    watch = open_audit(house.settings)
    with watch.database.session() as session:
        assert replace(watch.audit, heads=HeadFile(Path("/nowhere"))).verify(session).sequence == 2
