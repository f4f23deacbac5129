"""Undecided cases judged again once lists, bank or opinions have changed.

A case that nothing holds any more is proposed for release, or released where the settings say so; one that
something holds again is open again. Nothing else about it changes, and no byte is touched. What was held
because it could not be read stays held while there is no entry left that it could be compared with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from upload_guard.errors import VaultDamaged
from upload_guard.policy import Policy, judge
from upload_guard.quarantine.cases import stored_signals
from upload_guard.quarantine.deciding.rulings import REOPENED
from upload_guard.quarantine.matched import describe, forget_entries, note_entries
from upload_guard.quarantine.rows import match_of, signal_rows
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.quarantine.telling import tell_changed
from upload_guard.records import (
    NOT_DECODED,
    Action,
    Digest,
    Findings,
    Match,
    Result,
    Signal,
    Source,
    Standing,
    Upload,
    Verdict,
)
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.tables import Case, Decision
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.states import NOT_HELD
from upload_guard.vault.vault import Vault

BY_POLICY = "policy"
BENIGN_ADD = "benign_add"
"""The reason of a case that was held since somebody wanted to vouch for a listed file."""
_AT_ONCE = 100
_GONE = "bytes_gone"


class Rechecker(Protocol):
    """Compares with what is in force now; may raise `NotReady`."""

    def under(self) -> str:
        """`Findings.under` of what would be found now."""
        ...

    def compare(
        self, signals: tuple[Signal, ...], sha256: bytes, site: str, before: tuple[Match, ...] = ()
    ) -> Findings:
        """By stored signals, the file's own digests among them; `unchecked` where no list is active.

        What check services said `before` still stands: they are not asked again.
        """
        ...

    def check_whole(self, upload: Upload, deadline: float) -> Findings:
        """By the file itself, opened whatever its digests say."""
        ...


@dataclass(frozen=True, slots=True)
class Reevaluated:
    """How many cases were judged anew, and what became of them."""

    judged: int = 0
    proposed: int = 0
    released: int = 0
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class Reevaluator:
    """`policy` is the strictest of all routes: what any of them holds is not released unseen."""

    database: Database
    vault: Vault
    checker: Rechecker
    policy: Policy
    release: bool

    def run(self) -> Reevaluated:
        """Every undecided case that was judged under something else. Raises `NotReady`, `StorageFailed`."""
        now = self.checker.under()
        total = Reevaluated()
        for case in self._outdated(now):
            findings = self.found(case)
            if findings.unchecked == _GONE:
                # Nobody can tell, now or later: it stays as it is, and is not asked about again each second.
                self._note_under(case, findings.under)
            if findings.unchecked:
                continue
            total = self._settle(case, findings, total)
        return total

    def foresee(self) -> Reevaluated:
        """What `run` would do now; nothing changes. Raises `NotReady` and `StorageFailed`."""
        total = Reevaluated()
        for case in self._outdated(self.checker.under()):
            findings = self.found(case)
            if findings.unchecked:
                continue
            with self.database.session() as session:
                state = self._state(session, case, self._verdict(case, findings))
            total = _with_one(total, CaseState(case.state), state)
        return total

    def _outdated(self, now: str) -> Iterator[Case]:
        last = 0
        while True:
            with self.database.session() as session:
                some = session.scalars(
                    select(Case)
                    .where(_undecided(), Case.under.not_in(["", now]), Case.id > last)
                    .order_by(Case.id)
                    .limit(_AT_ONCE)
                ).all()
            if not some:
                return
            yield from some
            last = some[-1].id

    def found(self, case: Case) -> Findings:
        """What would be found now, with what could not be read then; `unchecked` where nobody can tell."""
        findings = self._compared(case)
        if NOT_DECODED in case.degraded and self._verdict(case, findings).action is not Action.BLOCK:
            # It was held by a digest alone, and nobody has looked into it.
            return self._opened(case, findings)
        return replace(
            findings,
            unscannable=case.unscannable,
            unreadable=case.unreadable,
            degraded=tuple(case.degraded),
        )

    def found_whole(self, case: Case) -> Findings:
        """The same, and the file opened if nobody has done that yet."""
        if NOT_DECODED not in case.degraded:
            return self.found(case)
        return self._opened(case, self._compared(case))

    def _compared(self, case: Case) -> Findings:
        before = tuple(map(match_of, case.matches))
        return self.checker.compare(stored_signals(case), case.sha256, case.site, before)

    def _opened(self, case: Case, by_digests: Findings) -> Findings:
        if not self.vault.holds(case.vault_name):
            return replace(by_digests, unchecked=_GONE if self._is_gone(case) else "bytes_missing")
        upload = Upload(
            self.vault.content(case.vault_name),
            Digest(case.sha256, case.size),
            source=Source(case.site, case.route),
        )
        try:
            found = self.checker.check_whole(upload, float("inf"))
        except VaultDamaged:
            return replace(by_digests, unchecked="bytes_damaged")
        if found.unanswered:
            return replace(by_digests, unchecked=found.unanswered[0].code)
        # Where every entry is retracted there is nothing left to look for in it.
        nothing = found.unchecked and not found.matches
        return replace(by_digests, degraded=tuple(case.degraded)) if nothing else found

    def _verdict(self, case: Case, findings: Findings) -> Verdict:
        held_unread = case.result == Result.UNSCANNABLE
        policy = replace(self.policy, unscannable=Action.QUARANTINE, unreadable=Action.QUARANTINE)
        verdict = judge(findings, policy if held_unread else self.policy, datetime.now(UTC))
        if case.reason == BENIGN_ADD and any(not match.excused for match in verdict.matches):
            return replace(verdict, action=max(verdict.action, Action.QUARANTINE), reason=BENIGN_ADD)
        return verdict

    def _is_gone(self, case: Case) -> bool:
        """Whether there are no bytes and never will be, as where none may be kept."""
        with self.database.session() as session:
            held = session.get(VaultObject, case.vault_name)
            return held is not None and held.kept in NOT_HELD

    def _note_under(self, case: Case, under: str) -> None:
        mine = (Case.id == case.id) & (Case.under == case.under)
        with self.database.session() as session:
            session.execute(update(Case).where(mine).values(under=under))

    def _settle(self, case: Case, findings: Findings, total: Reevaluated) -> Reevaluated:
        verdict = self._verdict(case, findings)
        with self.database.session() as session:
            # Written first, so that nobody decides or judges it anew in between.
            mine = (Case.id == case.id) & (Case.state == case.state) & (Case.under == case.under)
            claimed = session.execute(update(Case).where(mine).values(under=findings.under))
            if not claimed.rowcount:  # type: ignore[attr-defined]
                return total
            row = session.get_one(Case, case.id)
            row.state = state = self._state(session, case, verdict)
            # It may have been opened for the first time.
            row.signals, row.degraded = signal_rows(findings.signals), list(findings.degraded)
            row.unscannable, row.unreadable = findings.unscannable[:64], findings.unreadable[:64]
            row.lowered = any(match.standing is Standing.LOWERED for match in verdict.matches)
            if verdict.action.refuses:
                row.result, row.action, row.reason = (
                    verdict.result.value,
                    verdict.action.label,
                    verdict.reason,
                )
                describe(row, verdict.matches)
                forget_entries(session, row)
                note_entries(session, row, verdict.matches)
            if state == CaseState.RELEASED:
                session.add(_released_by_policy(row))
                note_act(session, Act(BY_POLICY, "case.released", row.number))
            if state != case.state:
                tell_changed(session, row)
        return _with_one(total, CaseState(case.state), state)

    def _state(self, session: Session, case: Case, verdict: Verdict) -> CaseState:
        if verdict.action.refuses:
            return CaseState.OPEN
        if case.confirm_by is not None:
            return CaseState.RELEASE_PROPOSED
        # What a person has opened again is for a person to close.
        reopened = select(Decision.id).where(Decision.case_id == case.id, Decision.decision == REOPENED)
        if self.release and session.scalar(reopened.limit(1)) is None:
            return CaseState.RELEASED
        return CaseState.RELEASE_PROPOSED


def _with_one(total: Reevaluated, before: CaseState, now: CaseState) -> Reevaluated:
    changed = now != before
    return Reevaluated(
        judged=total.judged + 1,
        proposed=total.proposed + (changed and now == CaseState.RELEASE_PROPOSED),
        released=total.released + (changed and now == CaseState.RELEASED),
        reopened=total.reopened + (changed and now == CaseState.OPEN),
    )


def _undecided() -> ColumnElement[bool]:
    return Case.state.in_(UNDECIDED)


def _released_by_policy(case: Case) -> Decision:
    return Decision(
        case_id=case.id,
        decision=CaseState.RELEASED.value,
        made_at=datetime.now(UTC),
        made_by=BY_POLICY,
        because="nothing that is in force holds it any more",
    )
