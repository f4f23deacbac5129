"""Keeps a refused upload: intent rows, sealed bytes, then the row says open.

In that order, so that a crash at any point leaves either a case with its bytes or an intent that `recover`
settles. A file that is sealed already, and can be read, is not stored again: its case names what is there, so
that a flood of one picture fills no disk.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from upload_guard.digests import digest_stream
from upload_guard.errors import StorageFailed
from upload_guard.quarantine.custody.retention import Retention
from upload_guard.quarantine.matched import describe, forget_entries, note_entries
from upload_guard.quarantine.pictures.grouping import Grouping
from upload_guard.quarantine.pictures.looks import Picture, picture_of
from upload_guard.quarantine.rows import signal_rows
from upload_guard.quarantine.states import CaseState
from upload_guard.quarantine.telling import tell_opened
from upload_guard.records import Digests, Findings, Match, Standing, Upload, Verdict
from upload_guard.storage.database import Database
from upload_guard.storage.locks import exclusive_lock_if_free, shared_lock
from upload_guard.storage.tables import Case
from upload_guard.vault.states import Kept
from upload_guard.vault.vault import Reserved, Vault, claim

log = logging.getLogger(__name__)

# No vowels and no look-alikes: a number that is read out over the telephone and spells nothing.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
# Shorter than anybody waits for an answer, long enough for a worker process to be replaced.
_EARLIER_ATTEMPT_SECONDS = 8.0
_LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class QuarantineKeeper:
    """Cases as rows of `database`, bytes in `vault`, unless `retention` forbids to keep them."""

    database: Database
    vault: Vault
    retention: Retention = Retention()  # noqa: RUF009 - frozen
    grouping: Grouping = field(default_factory=Grouping, compare=False)

    def keep(self, upload: Upload, verdict: Verdict, findings: Findings) -> str:
        """Store the upload and return its case number, that of an earlier attempt if there was one.

        Raises `StorageFailed`; then no case is open.
        """
        deadline = time.monotonic() + _EARLIER_ATTEMPT_SECONDS
        while True:
            kept, copies = self._known(upload)
            if kept is None and (number := self._keep_first(upload, verdict, findings, copies)):
                return number
            if kept is not None and kept.state != CaseState.STORING:
                return kept.number
            # Another process stores this very upload, or died over it: then its successor will settle that.
            if time.monotonic() > deadline:
                raise StorageFailed("an earlier attempt to keep this upload has not ended")
            time.sleep(_LOOK_EVERY)

    def note(self, upload: Upload, digests: Digests, verdict: Verdict, findings: Findings) -> str:
        """A case of what is not here to be kept, by `digests` alone; that of an earlier call if there was.

        Its content is never read. Raises `StorageFailed`; then no case is open.
        """
        kept = _New(_case(upload, digests, verdict, findings), verdict.matches, picture_of(findings))
        if self._note(kept):
            return kept.case.number
        earlier, _ = self._known(upload)
        if earlier is None:
            raise StorageFailed("the case of this upload went while it was opened")
        return earlier.number

    def _known(self, upload: Upload) -> tuple[Case | None, Sequence[str]]:
        """The case of an earlier attempt, and the names of held bytes of the same file."""
        earlier = select(Case).where(
            Case.upload_id == upload.upload_id,
            Case.site == upload.source.site[:64],
            Case.sha256 == upload.digest.sha256,
        )
        with self.database.session() as session:
            return session.scalar(earlier), self.vault.copies(session, upload.digest.sha256)

    def _keep_first(self, upload: Upload, verdict: Verdict, findings: Findings, copies: Sequence[str]) -> str:
        """The number of a new case; empty where another attempt was faster by a moment."""
        kept = _New(_case(upload, _digests(upload), verdict, findings), verdict.matches, picture_of(findings))
        case = kept.case
        if not self.retention.rule(case.site, case.category).keep:
            return case.number if self._note(kept) else ""
        copy = next((one for one in copies if self.vault.reads(one, case.sha256)), None)
        if copy is not None and (shared := self._share(kept, copy)) is not None:
            return case.number if shared else ""
        with shared_lock(self._lock):
            reserved = self._intend(kept)
            if reserved is None:
                return ""
            self._store(case, reserved, upload)
        return case.number

    def recover(self) -> None:
        """Settle what a crash left: an intent with its bytes becomes a case, one without is removed.

        Does nothing while any process is keeping an upload: then an intent is no leftover. What a release
        without seals kept is sealed. Nothing is settled where the place is another: see `vault.marks`. Raises
        `StorageFailed`.
        """
        if self.vault.has_leftovers() and not self.vault.marks.is_right():
            log.error(
                "vault %s: perhaps a disk is not mounted; it is settled later", self.vault.place.address
            )
            return
        with exclusive_lock_if_free(self._lock) as alone:
            if alone:
                self._settle_leftovers()
        self.vault.seal_all_plain()
        self.vault.finish_shredding()

    @property
    def _lock(self) -> Path:
        return self.vault.folder / "keeping.lock"

    def _settle_leftovers(self) -> None:
        self.vault.place.clear()
        # On another machine one that is younger may still be on its way.
        settled = datetime.now(UTC) - timedelta(seconds=self.vault.place.settles_after)
        with self.database.session() as session:
            intents = select(Case).where(Case.state == CaseState.STORING, Case.created_at <= settled)
            for case in session.scalars(intents).all():
                if self.vault.holds(case.vault_name):
                    case.state = CaseState.OPEN
                    tell_opened(session, case)
                    self.vault.settle(session, case.vault_name)
                else:
                    self._remove(session, case)

    def _note(self, kept: _New) -> bool:
        """The case and its hashes alone; whether this attempt was the first."""
        with _if_first(), self.database.session() as session:
            kept.case.vault_name = self.vault.note_absent(session, Kept.NONE)
            kept.case.state = CaseState.OPEN
            self._add(session, kept)
            tell_opened(session, kept.case)
            return True
        return False

    def _share(self, kept: _New, copy: str) -> bool | None:
        """The case, by bytes that are held already; whether this attempt was the first.

        None where they went meanwhile. Once claimed they are another case's and this one's.
        """
        with _if_first(), self.database.session() as session:
            if not claim(session, copy):
                return None
            kept.case.vault_name = copy
            kept.case.state = CaseState.OPEN
            self._add(session, kept)
            tell_opened(session, kept.case)
            return True
        return False

    def _intend(self, kept: _New) -> Reserved | None:
        """The place for its bytes; None where another attempt was faster by a moment."""
        with _if_first(), self.database.session() as session:
            reserved = self.vault.reserve(session, kept.case.sha256)
            kept.case.vault_name = reserved.name
            self._add(session, kept)
            return reserved
        return None

    def _add(self, session: Session, kept: _New) -> None:
        session.add(kept.case)
        # Written first, so that of two at once the second finds the group of the first.
        session.flush()
        self.grouping.join(session, kept.case, kept.picture)
        note_entries(session, kept.case, kept.matches)

    def _remove(self, session: Session, case: Case) -> None:
        """An intent that came to nothing."""
        forget_entries(session, case)
        session.delete(case)
        session.flush()
        self.grouping.leave(session, case.group_id)
        self.vault.forget(session, case.vault_name)

    def _store(self, case: Case, reserved: Reserved, upload: Upload) -> None:
        try:
            self.vault.put(reserved, upload)
        except StorageFailed:
            self._drop(case.number, reserved)
            raise
        self._open(case.number, reserved)

    def _open(self, number: str, reserved: Reserved) -> None:
        with self.database.session() as session:
            stored = update(Case).where(Case.number == number).values(state=CaseState.OPEN)
            case = session.scalar(stored.returning(Case))
            if case is None:
                raise StorageFailed(f"case {number} took so long to store that it was given up meanwhile")
            tell_opened(session, case)
            self.vault.settle(session, reserved.name)

    def _drop(self, number: str, reserved: Reserved) -> None:
        with self.database.session() as session:
            row = session.scalar(select(Case).where(Case.number == number))
            if row is not None:
                self._remove(session, row)
        try:
            self.vault.place.delete(reserved.name)
        except StorageFailed as fault:
            # Its key is gone: what may be left is noise.
            log.warning("%s", fault)


@dataclass(frozen=True, slots=True)
class _New:
    """A case to be: its row, what matched, and the picture that its file shows, if it is one."""

    case: Case
    matches: tuple[Match, ...]
    picture: Picture | None


@contextmanager
def _if_first() -> Iterator[None]:
    """Leaves what is inside it where a case of this very upload is there already."""
    try:
        yield
    except StorageFailed as fault:
        if not isinstance(fault.__cause__, IntegrityError):
            raise


def new_case_number() -> str:
    """Random: it tells neither how many cases there are nor when this one came (57 bits)."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return f"{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"


def _digests(upload: Upload) -> Digests:
    """All three, for a report names a file by whichever its reader asks for."""
    with upload.content.open() as stream:
        return digest_stream(stream)


def _case(upload: Upload, digests: Digests, verdict: Verdict, findings: Findings) -> Case:
    case = Case(
        number=new_case_number(),
        state=CaseState.STORING,
        created_at=datetime.now(UTC),
        site=upload.source.site[:64],
        route=upload.source.route[:1024],
        result=verdict.result.value,
        action=verdict.action.label,
        reason=verdict.reason,
        media_type=upload.media_type[:255],
        size=upload.digest.size,
        md5=digests.md5,
        sha1=digests.sha1,
        sha256=upload.digest.sha256,
        vault_name="",
        signals=signal_rows(findings.signals),
        unscannable=findings.unscannable[:64],
        unreadable=findings.unreadable[:64],
        degraded=list(findings.degraded),
        under=findings.under,
        lowered=any(match.standing is Standing.LOWERED for match in verdict.matches),
        upload_id=upload.upload_id,
    )
    describe(case, verdict.matches)
    return case
