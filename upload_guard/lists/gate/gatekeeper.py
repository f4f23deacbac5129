"""The gate at work: which versions it compares, what becomes of its report, and what people decided."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from upload_guard.errors import ListError, ListHeld, StorageFailed, UsageError
from upload_guard.lists.bank.bank import BenignBank
from upload_guard.lists.entries import StoredVersion, read_entries
from upload_guard.lists.gate.aside import write_aside
from upload_guard.lists.gate.gate import Before, Decision, GateReport, examine
from upload_guard.lists.lookup import has_acted
from upload_guard.lists.orders import active_version, gate_of, stored_version
from upload_guard.matching.build import Batches
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.tables import HashList, ListGate, ListVersion

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that is to act in the place of `before`, of which `acting` entries act.

    `approved` where a person has let it pass, or where it has acted already: the way back is never held.
    """

    version: StoredVersion
    before: StoredVersion | None
    acting: int
    approved: bool


def candidate_of(session: Session, folder: Path, hash_list: HashList, version: ListVersion) -> Candidate:
    before = active_version(session, folder, hash_list)
    gate = gate_of(session, hash_list, version.number)
    return Candidate(
        stored_version(folder, hash_list, version),
        before,
        _acting(session, hash_list, before),
        approved=has_acted(hash_list, version.number) or (gate is not None and gate.approved_at is not None),
    )


def _acting(session: Session, hash_list: HashList, before: StoredVersion | None) -> int:
    if before is None:
        return 0
    (row,) = (one for one in hash_list.versions if one.number == before.number)
    gate = gate_of(session, hash_list, before.number)
    return row.entries - (gate.aside if gate else 0)


def report_on(candidate: Candidate, bank: BenignBank) -> GateReport:
    """What the gate says now. Raises `ListError` if the version cannot be read, and `StorageFailed`."""
    version, before = candidate.version, candidate.before
    held = None
    if before is not None:
        old = Batches(read_entries(before) if _is_sound(before) else ())
        held = Before(old, candidate.acting)
    try:
        return examine(Batches(read_entries(version)), held, bank, version.file.parent)
    except OSError as error:
        raise StorageFailed(f"{version.file.parent}: no room for the gate: {error.strerror}") from error


def let_pass(database: Database, candidate: Candidate, report: GateReport) -> StoredVersion:
    """The version without what is put aside of it. Raises `ListHeld`, or `ListError` where it is refused."""
    version, why = candidate.version, "; ".join(report.why)
    name = f"list {version.list_name!r} version {version.number}"
    if report.decision is Decision.REFUSED:
        log.warning("ALARM: %s is refused: %s", name, why)
        _tell(database, version, report.decision)
        raise ListError(f"{name} is refused: {why}")
    if report.decision is Decision.HELD and not candidate.approved:
        log.warning("ALARM: %s is held for approval: %s", name, why)
        _tell(database, version, report.decision)
        raise ListHeld(
            f"{name} is held: {why}. What is active stays so. Look at it with 'upload-guard list examine "
            f"{version.list_name} {version.number}', then let it pass with 'upload-guard list approve'"
        )
    try:
        return replace(version, aside=write_aside(version, report.aside))
    except OSError as error:
        raise StorageFailed(f"{version.file.parent}: cannot be written: {error.strerror}") from error


def _tell(database: Database, version: StoredVersion, decision: Decision) -> None:
    """Once: whoever fetches the list comes by here again and again."""
    said = {"list": version.list_name, "version": version.number, "decision": decision.value}
    once = f"{decision.value} {version.list_name} {version.number}"
    with database.session() as session:
        note_event(session, Event(EventKind.LIST_HELD, details=said, once=once))


def note_gate(session: Session, hash_list: HashList, passed: StoredVersion, report: GateReport) -> None:
    """Put on record what was put aside; from then on it is what is in force."""
    gate = _gate_row(session, hash_list, passed.number)
    gate.aside, gate.aside_sha256 = len(report.aside), passed.aside


def approve(session: Session, hash_list: HashList, number: int, person: str, because: str) -> None:
    """Let a version pass that the gate holds. Raises `UsageError` without a reason."""
    if not because.strip():
        raise UsageError("an approval needs a reason")
    gate = _gate_row(session, hash_list, number)
    gate.approved_at, gate.approved_by, gate.because = datetime.now(UTC), person, because[:1024]


def _gate_row(session: Session, hash_list: HashList, number: int) -> ListGate:
    gate = gate_of(session, hash_list, number)
    if gate is None:
        gate = ListGate(list_id=hash_list.id, number=number, aside=0)
        session.add(gate)
    return gate


def _is_sound(before: StoredVersion) -> bool:
    """A new version may be how somebody mends a damaged one: then all of its entries are new."""
    try:
        next(read_entries(before), None)
    except ListError as fault:
        log.warning("%s: nothing can be compared with it", fault)
        return False
    return True
