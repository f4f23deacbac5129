"""Where the files of cases lie, taken away and put back.

An intent is committed first, then the place is touched, then the row says what became of it: a crash at any
point leaves an intent, which `settle` carries out, for taking and putting can both be done twice. Nothing is
taken whose bytes the vault does not hold and has not just read whole.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from upload_guard.digests import digest_of
from upload_guard.errors import (
    ChangedInPlace,
    GoneFromPlace,
    HoldingsUnreachable,
    TooLargeInPlace,
    UploadGuardError,
    UsageError,
    VaultDamaged,
)
from upload_guard.holdings.holdings import UNKNOWN, Holdings, Leftover, Standing, scheme_of
from upload_guard.holdings.rows import SHOWN, Placed, found_place, move, note_place, placed, said_of
from upload_guard.quarantine.cases import found_case, has_no_bytes
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.locks import exclusive_lock
from upload_guard.storage.placement_tables import (
    IN_BETWEEN,
    REMOVABLE,
    RESTORABLE,
    PlacedFile,
    PlaceState,
)
from upload_guard.vault.vault import Vault, claim

__all__ = ["Placed", "Placements", "note_place"]

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
_DOUBLED = 10
_LOCKS = 16
_WELL = {"fault": "", "tries": 0, "retry_at": None}
_NOT_THERE = frozenset({PlaceState.REMOVED, PlaceState.GONE, PlaceState.CHANGED})


@dataclass(frozen=True, slots=True)
class Placements:
    """Rows of `database`; bytes in `vault`; what reaches the places, by the schemes of their locators.

    All raise `StorageFailed`; what acts raises `AuditBroken` before it does anything, `UsageError` where it
    cannot be, and what `Holdings` raise.
    """

    database: Database
    vault: Vault
    holdings: Mapping[str, Holdings]

    def at(self, locator: str) -> Holdings:
        """What reaches this place. Raises `HoldingsUnreachable` where nothing here does."""
        reached = self.holdings.get(scheme_of(locator))
        if reached is None:
            raise HoldingsUnreachable(f"{locator[:SHOWN]}: nothing here reaches files of this kind")
        return reached

    def note(self, case: str, locator: str, person: str, leftover: Leftover = UNKNOWN) -> int:
        """The file of a case lies there too; the number of the place, the same one if that is known.

        `leftover` is what was said of it just now: it tells whether the file is gone, once it is not found.

        One that was away and has come back (of a backup, by an upload) is in its place once more.
        """
        with self.database.session() as session:
            place = note_place(session, found_case(session, case), locator, person, leftover)
        if self.one(place).state in _NOT_THERE:
            self._note_return(place, person)
        return place

    def of_case(self, number: str) -> tuple[Placed, ...]:
        """In the order in which they were found."""
        with self.database.session() as session:
            mine = select(PlacedFile).where(PlacedFile.case_number == number).order_by(PlacedFile.id)
            return tuple(map(placed, session.scalars(mine)))

    def one(self, place: int) -> Placed:
        with self.database.session() as session:
            return placed(found_place(session, place))

    def page(self, count: int, states: Collection[PlaceState] = frozenset(PlaceState)) -> tuple[Placed, ...]:
        """The newest in any of `states`."""
        with self.database.session() as session:
            some = select(PlacedFile).where(PlacedFile.state.in_(states)).order_by(PlacedFile.id.desc())
            return tuple(map(placed, session.scalars(some.limit(count))))

    def remove(self, place: int, person: str) -> None:
        """Take the file away, reversibly. Does nothing where that is done already."""
        with self._alone(place) as row:
            if row.state == PlaceState.REMOVED:
                return
            if row.state != PlaceState.REMOVING:
                standing = self._looked(row)
                with self._told(row):
                    self._refuse_unheld(row)
                    self._intend_removal(row, person, standing.leftover)
            self._take(row)

    def restore(self, place: int, person: str) -> None:
        """Put the file back as it was. Does nothing where that is done already."""
        with self._alone(place) as row:
            if row.state == PlaceState.RESTORED:
                return
            if row.state != PlaceState.RESTORING:
                self._intend_restoring(row, person)
            self._put(row)

    def give_up(self, place: int, person: str) -> None:
        """A person says that the file is gone, where no machine can tell that from a disk that is missing."""
        with self._alone(place) as row, self.database.session() as session:
            # One that was to be put back was removed before.
            removed = {} if row.state == PlaceState.RESTORING else _removed_by(person)
            given_up = row.state in REMOVABLE | IN_BETWEEN
            if not given_up or not move(session, row, PlaceState.GONE, **removed, **_WELL):
                raise UsageError(f"place {row.id} is {PlaceState(row.state).words}: it is not given up")
            note_act(session, Act(person, "file.gone", row.case_number, {"place": row.id}))

    def settle(self, place: int) -> None:
        """Carry out what was intended, if anything still is."""
        with self._alone(place) as row:
            if row.state == PlaceState.REMOVING:
                self._take(row)
            elif row.state == PlaceState.RESTORING:
                self._put(row)

    def _note_return(self, place: int, person: str) -> None:
        with self._alone(place) as row:
            if row.state not in _NOT_THERE or not self._lies_there(row):
                return
            anew = {"noted_at": datetime.now(UTC), "noted_by": person[:64], "removed_at": None}
            with self.database.session() as session:
                if move(session, row, PlaceState.NOTED, **anew, **_WELL):
                    note_act(session, Act(person, "file.came_back", row.case_number, {"place": row.id}))

    def _lies_there(self, row: PlacedFile) -> bool:
        place = self.at(row.locator)
        try:
            place.look(row.locator, row.leftover)
            with place.read(row.locator) as stream:
                return hmac.compare_digest(digest_of(stream).sha256, row.sha256)
        except (GoneFromPlace, TooLargeInPlace):
            # The file of a case was read once; what is too large for that is another one.
            return False

    @contextmanager
    def _alone(self, place: int) -> Iterator[PlacedFile]:
        """The row of a place at which no other process of this machine is, and none comes meanwhile."""
        with exclusive_lock(self.vault.folder / f"placing-{place % _LOCKS}.lock"):
            with self.database.session() as session:
                row = found_place(session, place)
            yield row

    def _refuse_unheld(self, row: PlacedFile) -> None:
        """What nobody could put back is not taken."""
        with self.database.session() as session:
            case = found_case(session, row.case_number)
            never = has_no_bytes(session, case)
        if never:
            raise VaultDamaged(
                f"{row.locator}: no bytes of this file are held with the case, so that nobody could put it "
                f"back; it is left as it is"
            )
        if not self.vault.reads(case.vault_name, row.sha256):
            raise VaultDamaged(
                f"{row.locator}: the vault does not hold these bytes, so that they could not be put back; "
                f"the file is left in its place"
            )

    def _looked(self, row: PlacedFile) -> Standing:
        with self._told(row):
            try:
                return self._look(row)
            except GoneFromPlace:
                self._end(row, PlaceState.GONE, "file.gone", removed_at=datetime.now(UTC))
                raise

    def _intend_removal(self, row: PlacedFile, person: str, leftover: Leftover) -> None:
        with self.database.session() as session:
            case = found_case(session, row.case_number)
            if case.state == CaseState.RELEASED:
                raise UsageError(f"case {case.number} is released: reopen it before its file is taken away")
            name = case.vault_name
            # An expiry of these bytes waits here, or this waits for it.
            claimed = claim(session, name)
            session.refresh(case)
            if not claimed or case.vault_name != name:
                raise VaultDamaged(f"{row.locator}: the bytes of case {case.number} expired meanwhile")
            kept = dict(leftover)
            if not move(session, row, PlaceState.REMOVING, removed_by=person[:64], leftover=kept):
                raise UsageError(f"place {row.id}: somebody else is at it")
            note_act(session, Act(person, "file.removing", row.case_number, said_of(row)))

    def _take(self, row: PlacedFile) -> None:
        with self._told(row):
            try:
                self.at(row.locator).take(row.locator, row.sha256, row.case_number, row.leftover)
            except GoneFromPlace:
                # It was there when this was intended: an attempt that was killed has taken it.
                log.info("place %d: taken by an earlier attempt", row.id)
            except ChangedInPlace:
                self._end(row, PlaceState.CHANGED, "file.left_alone")
                raise
        self._end(row, PlaceState.REMOVED, "file.removed", removed_at=datetime.now(UTC), **_WELL)

    def _intend_restoring(self, row: PlacedFile, person: str) -> None:
        with self.database.session() as session:
            case = found_case(session, row.case_number)
            if case.state == CaseState.CONFIRMED:
                raise UsageError(f"case {case.number} is confirmed: reopen it before its file is put back")
            taken = row.state in RESTORABLE
            if not taken or not move(session, row, PlaceState.RESTORING, restored_by=person[:64]):
                raise UsageError(
                    f"place {row.id} is {PlaceState(row.state).words}: there is nothing to put back"
                )
            note_act(session, Act(person, "file.restoring", row.case_number, {"place": row.id}))

    def _put(self, row: PlacedFile) -> None:
        with self._told(row):
            self._refuse_unheld(row)
            with self.database.session() as session:
                content = self.vault.content(found_case(session, row.case_number).vault_name)
            try:
                self.at(row.locator).put(row.locator, content, row.leftover, row.case_number)
            except ChangedInPlace:
                self._end(row, PlaceState.REMOVED, "file.not_restored")
                raise
        self._end(row, PlaceState.RESTORED, "file.restored", restored_at=datetime.now(UTC), **_WELL)

    def _end(self, row: PlacedFile, state: PlaceState, name: str, **changed: object) -> None:
        """Whoever is first writes it; another process may have carried out the same intent."""
        person = row.restored_by if row.state == PlaceState.RESTORING else row.removed_by or row.noted_by
        with self.database.session() as session:
            if move(session, row, state, **changed):
                note_act(session, Act(person, name, row.case_number, {"place": row.id}))

    def _look(self, row: PlacedFile) -> Standing:
        """By what was last said of what lay there, for whatever case."""
        place, taken = self.at(row.locator), self._taken_for_another(row)
        try:
            return place.look(row.locator, row.leftover if taken is None else taken.leftover)
        except GoneFromPlace:
            if taken is not None or row.state != PlaceState.NOTED:
                raise
            # Nobody of ours has taken it: its surroundings have to say the same.
            return place.look(row.locator)

    def _taken_for_another(self, row: PlacedFile) -> PlacedFile | None:
        """The place from which it was taken away with another case: one with bytes, where this has none."""
        taken = (PlacedFile.locator == row.locator) & (PlacedFile.state == PlaceState.REMOVED)
        with self.database.session() as session:
            return session.scalar(select(PlacedFile).where(taken).order_by(PlacedFile.id.desc()).limit(1))

    @contextmanager
    def _told(self, row: PlacedFile) -> Iterator[None]:
        """What goes wrong stands in the row until it goes well, and is an alarm once."""
        try:
            yield
        except (HoldingsUnreachable, GoneFromPlace, ChangedInPlace, VaultDamaged) as fault:
            self._note_fault(row, fault)
            raise

    def _note_fault(self, row: PlacedFile, fault: UploadGuardError) -> None:
        said = str(fault)[:SHOWN]
        pause = min(_FIRST_PAUSE * 2 ** min(row.tries, _DOUBLED), _LONGEST_PAUSE)
        changed = {"fault": said, "tries": PlacedFile.tries + 1, "retry_at": datetime.now(UTC) + pause}
        with self.database.session() as session:
            session.execute(update(PlacedFile).where(PlacedFile.id == row.id).values(changed))
        awaited = isinstance(fault, GoneFromPlace) and self._taken_for_another(row) is not None
        if said != row.fault and not awaited:
            log.error("ALARM: case %s, place %d: %s", row.case_number, row.id, said)


def _removed_by(person: str) -> Mapping[str, object]:
    return {"removed_at": datetime.now(UTC), "removed_by": person[:64]}
