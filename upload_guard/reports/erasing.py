"""Erases who uploaded what, where that person may ask for it (GDPR, Article 17).

What a law has kept stays: an authority may come for it (Article 17(3)(b) and (e)). A report that went out is
what was told then, and is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from ipaddress import ip_address

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from upload_guard.errors import SealBroken, UsageError
from upload_guard.moments import utc_now
from upload_guard.quarantine.custody.holds import is_kept_by_law
from upload_guard.reports.facts import Uploader
from upload_guard.reports.states import UNSENT
from upload_guard.reports.uploaders import Uploaders
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.report_tables import CaseUploader, Report
from upload_guard.storage.tables import Case

_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of one case: why its uploader is kept, empty where nothing is; `reports` have papers."""

    case: str
    kept: str
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Erasure:
    """Over what `uploaders` keeps. Raises `StorageFailed`, and `AuditBroken` before anything is erased."""

    uploaders: Uploaders
    now: Callable[[], datetime] = field(default=utc_now)

    def look(self, site: str, who: Uploader) -> tuple[Erased, ...]:
        """The cases of a site of which all that `who` names was told, and what would become of each."""
        with self.uploaders.database.session() as session:
            return tuple(self._of(session, case) for case in self._cases(session, site, who))

    def run(self, site: str, who: Uploader, by: str, because: str) -> tuple[Erased, ...]:
        """Erase. `because` stands in the audit log, which nobody can erase: it must name no person."""
        if not because.strip():
            raise UsageError("an erasure needs a reason, such as the number of the request; it names nobody")
        database = self.uploaders.database
        with database.session() as session:
            found = tuple(self._of(session, case) for case in self._cases(session, site, who))
            for one in found:
                if not one.kept:
                    session.execute(delete(CaseUploader).where(CaseUploader.case_number == one.case))
                    said = {"because": because[:_LONGEST]}
                    note_act(session, Act(by, "case.uploader_erased", one.case, said))
        database.forget_deleted()
        return found

    def _cases(self, session: Session, site: str, who: Uploader) -> Iterator[str]:
        """Each row is opened: what is sealed cannot be searched."""
        told = (
            select(CaseUploader.case_number)
            .join(Case, Case.number == CaseUploader.case_number)
            .where(Case.site == site)
            .order_by(Case.id)
        )
        for case in session.scalars(told).all():
            try:
                kept = self.uploaders.of(session, case)
            except SealBroken as error:
                raise UsageError(
                    f"what was told of case {case} cannot be opened ({error}): nothing was erased; give back "
                    f"the master key, as keys.master or keys.previous"
                ) from error
            if _is(who, kept):
                yield case

    def _of(self, session: Session, case: str) -> Erased:
        rows = session.execute(select(Report.number, Report.state).where(Report.case_number == case)).all()
        unsent = [number for number, state in rows if state in UNSENT]
        kept = ""
        if is_kept_by_law(session, case, self.now()):
            kept = "a legal hold, or the time for which a report is preserved"
        elif unsent:
            kept = f"report {unsent[0]} has not gone out: send it or take it back first"
        return Erased(case, kept, tuple(number for number, _ in rows))


def _is(who: Uploader, kept: Uploader) -> bool:
    """Whether all that `who` names was told of it. Large letters tell accounts apart, and no addresses."""
    pairs = zip(astuple(_compared(who)), astuple(_compared(kept)), strict=True)
    return all(named == known for named, known in pairs if named)


def _compared(one: Uploader) -> Uploader:
    ip = str(ip_address(one.ip)) if one.ip else ""
    return replace(one, email=one.email.casefold(), ip=ip)
