"""What the pages work with."""

from __future__ import annotations

from dataclasses import dataclass

from upload_guard.checkers.explainer import Explainer
from upload_guard.glimpses.reveals import Reveals
from upload_guard.holdings.placements import Placements
from upload_guard.lists.bank.benign import BenignStore
from upload_guard.lists.store import ListStore
from upload_guard.people.opening import Gate
from upload_guard.quarantine.cases import Cases
from upload_guard.quarantine.custody.exports import Exports
from upload_guard.quarantine.custody.holds import Holds
from upload_guard.quarantine.custody.retention import Retention
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.quarantine.pictures.groups import Groups
from upload_guard.quarantine.showing.entries import EntryNames
from upload_guard.quarantine.showing.neighbours import Neighbours
from upload_guard.quarantine.showing.queue import Queue
from upload_guard.reports.desk import Desk
from upload_guard.settings import Settings
from upload_guard.sidecar.review.strangers import Strangers
from upload_guard.statements.appeals import Appeals
from upload_guard.statements.delays import Delays
from upload_guard.storage.database import Database


@dataclass(frozen=True, slots=True)
class Review:
    """The rooms behind the pages. Acts of people go through the same functions as the commands.

    Without `reveals` nobody is shown anything of a held file.
    """

    settings: Settings
    database: Database
    gate: Gate
    strangers: Strangers
    cases: Cases
    decisions: Decisions
    lists: ListStore
    retention: Retention
    groups: Groups
    queue: Queue
    entries: EntryNames
    neighbours: Neighbours
    holds: Holds
    exports: Exports
    explainer: Explainer
    reveals: Reveals | None
    bank: BenignStore
    appeals: Appeals
    delays: Delays
    reports: Desk
    placements: Placements
