"""Cases as rows with persons' decisions, and a desk whose recipients are the test's own."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from tests.support import digests_of, settings_in
from upload_guard.compose import open_database_of, report_desk
from upload_guard.errors import NotWithdrawable
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.quarantine.deciding.rulings import Ruling, Word
from upload_guard.quarantine.keeper import new_case_number
from upload_guard.quarantine.rows import match_row, signal_rows
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Findings, Match, Signal, SignalType
from upload_guard.reports.desk import Desk
from upload_guard.reports.papers import Paper, Progress, Sent
from upload_guard.reports.recipients import Recipient
from upload_guard.reports.sending import Dispatch
from upload_guard.reports.sheets.text import TextFormat
from upload_guard.reports.shown import mark_of
from upload_guard.settings import Settings
from upload_guard.storage.database import Database
from upload_guard.storage.events import EventKind
from upload_guard.storage.outbox_tables import OutboxEvent
from upload_guard.storage.tables import Case, Decision
from upload_guard.storage.vault_tables import AuditRow, VaultObject
from upload_guard.vault.states import Kept

BYTES = b"the bytes of a picture that nobody has to see"
WHO = {
    "organisation": "Example Hosting",
    "domain": "example.org",
    "contact_name": "The abuse desk",
    "email": "abuse@example.org",
}


def match_in(category: str = "baseline", kind: SignalType = SignalType.SHA256, view: str = "") -> Match:
    digests = {one.type: one.value for one in digests_of(BYTES).signals()}
    return Match(
        signal_type=kind,
        view=view,
        distance=0 if kind.exact else 12,
        limit=0 if kind.exact else 31,
        list_name="icse",
        version=3,
        origin="interpol",
        category=category,
        entry=7,
        since=datetime(2026, 1, 2, tzinfo=UTC),
        value=digests.get(kind, bytes(kind.size)),
    )


@dataclass
class Line:
    """A sender that takes two steps, and fails as it is told: one fault for each attempt, None for none."""

    faults: list[Exception | None] = field(default_factory=list)
    sent: list[Paper] = field(default_factory=list)
    went_on_from: list[dict[str, object]] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    knows_withdrawing: bool = True
    meanwhile: Callable[[], object] = lambda: None

    def send(self, paper: Paper, so_far: Progress, note: Callable[[Progress], None]) -> Sent:
        self.went_on_from.append(dict(so_far))
        note({**so_far, "id": "abc"})
        self.meanwhile()
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        note({"id": "abc", "done": True})
        self.sent.append(paper)
        return Sent("REF-1")

    def withdraw(self, paper: Paper, so_far: Progress, because: str) -> None:
        if not self.knows_withdrawing:
            raise NotWithdrawable("write to them")
        self.withdrawn.append(f"{so_far['id']}: {because}")


@dataclass
class ReportHouse:
    settings: Settings
    database: Database
    desk: Desk
    line: Line
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.time

    def later(self, **away: float) -> None:
        self.time += timedelta(**away)

    @property
    def dispatch(self) -> Dispatch:
        return Dispatch(self.desk, timedelta(hours=72), self.now)

    @property
    def decisions(self) -> Decisions:
        return Decisions(self.database, lambda _case: Findings())

    def case(self, route: str = "/up", matches: tuple[Match, ...] = (), site: str = "blog") -> str:
        """One that waits for a person; its number."""
        digests, number, name = digests_of(BYTES), new_case_number(), secrets.token_hex(16)
        case = Case(
            number=number,
            state=CaseState.OPEN.value,
            created_at=self.time - timedelta(hours=2),
            site=site,
            route=route,
            result="match",
            action="block",
            reason="",
            media_type="image/jpeg",
            size=len(BYTES),
            md5=digests.md5,
            sha1=digests.sha1,
            sha256=digests.sha256,
            vault_name=name,
            matches=[match_row(one) for one in matches or (match_in(),)],
            signals=signal_rows([Signal(SignalType.PDQ, bytes(32), "image", 90)]),
            unscannable="",
            unreadable="",
            degraded=[],
            under="",
            lowered=False,
            upload_id=None,
            group_id=secrets.randbelow(1 << 30),
        )
        with self.database.session() as session:
            session.add_all([case, VaultObject(name=name, kept=Kept.SEALED.value)])
        return number

    def confirm(self, number: str, person: str = "ann") -> str:
        self.decisions.decide(Ruling.CONFIRMED, number, Word(person, "I have looked at it"))
        # As of the clock of this house.
        with self.database.session() as session:
            session.execute(
                update(Decision)
                .where(Decision.case_id == select(Case.id).where(Case.number == number).scalar_subquery())
                .values(made_at=self.time)
            )
        return number

    def confirmed(self, route: str = "scan:/srv/files/a.jpg", site: str = "blog") -> str:
        return self.confirm(self.case(route, site=site))

    def approved(self, case: str, recipient: str = "hotline") -> str:
        """The number of a report of that case that waits to be sent."""
        drafted = self.desk.draft(case, recipient, "ann")
        self.desk.approve(drafted.number, mark_of(self.desk.paper(drafted.number)), "ann")
        return drafted.number

    def recipient(self, name: str, **differs: object) -> None:
        """Have the desk know one more, or another of that name."""
        base = Recipient(name, TextFormat(), lambda: self.line)
        one = replace(base, **differs)  # type: ignore[arg-type]
        self.desk = replace(self.desk, recipients={**self.desk.recipients, name: one})

    def events(self) -> list[dict[str, object]]:
        told = select(OutboxEvent).where(OutboxEvent.kind == EventKind.REPORT_FAILED.value)
        with self.database.session() as session:
            return [row.details for row in session.scalars(told.order_by(OutboxEvent.id))]

    def acts(self, case: str) -> list[str]:
        rows = select(AuditRow.act).where(AuditRow.case_number == case, AuditRow.act.startswith("report."))
        with self.database.session() as session:
            return list(session.scalars(rows.order_by(AuditRow.sequence)))


def report_house(folder: Path, **reports: object) -> ReportHouse:
    """With one recipient, `hotline`, that a person sends to."""
    settings = settings_in(folder, reports=WHO | reports)
    database = open_database_of(settings)
    house = ReportHouse(settings, database, report_desk(settings, database), Line())
    house.desk = replace(house.desk, now=house.now)
    house.recipient("hotline")
    return house
