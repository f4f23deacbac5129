"""What would come of it if a version acted: for the person who is about to let it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from upload_guard.lists.tasks.report_rows import ReportShown
from upload_guard.quarantine.deciding.reevaluation import Reevaluated
from upload_guard.rehearsal.tally import Effect, Tally


@dataclass(frozen=True, slots=True)
class UploadsForeseen:
    """Uploads of the last `days` in the signal log: how many the version would have blocked and held.

    `passed` are those among them that were let pass when they came.
    """

    days: int
    uploads: int
    blocked: int
    held: int
    passed: int

    @classmethod
    def of(cls, tally: Tally, days: int) -> UploadsForeseen:
        effects = tally.effects
        blocked, held = effects[Effect.BLOCKED], effects[Effect.HELD]
        return cls(days, effects.total(), blocked, held, tally.passed_then)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the gate says, what undecided cases would become, and uploads where there is a signal log."""

    report: ReportShown
    cases: Reevaluated
    uploads: UploadsForeseen | None

    def row(self) -> dict[str, Any]:
        uploads = asdict(self.uploads) if self.uploads else None
        return {"report": self.report.row(), "cases": asdict(self.cases), "uploads": uploads}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Forecast:
        uploads = row["uploads"]
        return cls(
            ReportShown.from_row(row["report"]),
            Reevaluated(**row["cases"]),
            UploadsForeseen(**uploads) if uploads else None,
        )
