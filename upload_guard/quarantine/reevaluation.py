"""Undecided cases judged again once lists, bank or opinions have changed.

A case that nothing holds any more is proposed for release, or released where the settings say so; one that
something holds again is open again. Nothing else about it changes, and no byte is touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import ColumnElement, select

from upload_guard.errors import VaultDamaged
from upload_guard.policy import Policy, judge
from upload_guard.quarantine.cases import stored_signals
from upload_guard.quarantine.rows import match_row, signal_rows
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.records import (
    NOT_DECODED,
    Action,
    Digest,
    Findings,
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
from upload_guard.vault.vault import Vault

BY_POLICY = "policy"
BENIGN_ADD = "benign_add"
"""The reason of a case that was held since somebody wanted to vouch for a listed file."""
_AT_ONCE = 100


class Rechecker(Protocol):
    """Compares with what is in force now; may raise `NotReady`."""

    def under(self) -> str:
        """`Findings.under` of what would be found now."""
        ...

    def compare(self, signals: tuple[Signal, ...], sha256: bytes, site: str) -> Findings:
        """By stored signals, the file's own digests among them; `unchecked` where no list is active."""
        ...

    def check(self, upload: Upload, deadline: float) -> Findings:
        """By the file itself."""
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
    """`policy` is the installation's. Routes differ in what was unreadable only, and that stays held."""

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
            findings = self._found(case)
            if findings.unchecked:
                continue
            total = self._settle(case, findings, total)
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

    def _found(self, case: Case) -> Findings:
        """What would be found now, with what could not be read then."""
        findings = self.checker.compare(stored_signals(case), case.sha256, case.site)
        if NOT_DECODED in case.degraded and not self._verdict(case, findings).action.refuses:
            # It was held by a digest alone, and nobody has looked into it.
            return self._opened(case, findings)
        return replace(
            findings,
            unscannable=case.unscannable,
            unreadable=case.unreadable,
            degraded=tuple(case.degraded),
        )

    def _opened(self, case: Case, by_digests: Findings) -> Findings:
        if not self.vault.holds(case.vault_name):
            return replace(by_digests, unchecked="bytes_missing")
        upload = Upload(
            self.vault.content(case.vault_name),
            Digest(case.sha256, case.size),
            source=Source(case.site, case.route),
        )
        try:
            found = self.checker.check(upload, float("inf"))
        except VaultDamaged:
            return replace(by_digests, unchecked="bytes_damaged")
        # Where every entry is retracted there is nothing left to look for in it.
        return replace(by_digests, degraded=tuple(case.degraded)) if found.unchecked else found

    def _verdict(self, case: Case, findings: Findings) -> Verdict:
        held_unread = case.result == Result.UNSCANNABLE
        policy = replace(self.policy, unscannable=Action.QUARANTINE, unreadable=Action.QUARANTINE)
        verdict = judge(findings, policy if held_unread else self.policy, datetime.now(UTC))
        if case.reason == BENIGN_ADD and any(not match.excused for match in verdict.matches):
            return replace(verdict, action=max(verdict.action, Action.QUARANTINE), reason=BENIGN_ADD)
        return verdict

    def _settle(self, case: Case, findings: Findings, total: Reevaluated) -> Reevaluated:
        verdict = self._verdict(case, findings)
        state = self._state(verdict)
        with self.database.session() as session:
            row = session.get(Case, case.id, with_for_update=True)
            # Somebody may have decided meanwhile, or judged it anew.
            if row is None or (row.state, row.under) != (case.state, case.under):
                return total
            row.state, row.under = state, findings.under
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
                row.matches = [match_row(match) for match in verdict.matches]
            if state == CaseState.RELEASED:
                session.add(_released_by_policy(row))
                note_act(session, Act(BY_POLICY, "case.released", row.number))
        changed = state != case.state
        return Reevaluated(
            judged=total.judged + 1,
            proposed=total.proposed + (changed and state == CaseState.RELEASE_PROPOSED),
            released=total.released + (changed and state == CaseState.RELEASED),
            reopened=total.reopened + (changed and state == CaseState.OPEN),
        )

    def _state(self, verdict: Verdict) -> CaseState:
        if verdict.action.refuses:
            return CaseState.OPEN
        return CaseState.RELEASED if self.release else CaseState.RELEASE_PROPOSED


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
