"""What the gate said, as JSON in a row: all that a page shows of it, and no hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from upload_guard.lists.gate.gate import Decision, DiffRow, GateReport, PutAside
from upload_guard.records import BankScope, SignalType

_NAMED = 20


@dataclass(frozen=True, slots=True)
class ReportShown:
    """A `GateReport` in short: of the entries put aside how many by reason, and the first 20."""

    entries: int
    before: int | None
    rows: tuple[DiffRow, ...]
    decision: Decision
    why: tuple[str, ...]
    aside: Mapping[str, int]
    named: tuple[PutAside, ...]

    @classmethod
    def of(cls, report: GateReport) -> ReportShown:
        return cls(
            entries=report.entries,
            before=report.before,
            rows=report.rows,
            decision=report.decision,
            why=report.why,
            aside=dict(Counter(one.reason for one in report.aside)),
            named=report.aside[:_NAMED],
        )

    @property
    def acting(self) -> int:
        return self.entries - sum(self.aside.values())

    def row(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ReportShown:
        return cls(
            entries=row["entries"],
            before=row["before"],
            rows=tuple(map(diff_from_row, row["rows"])),
            decision=Decision(row["decision"]),
            why=tuple(row["why"]),
            aside=row["aside"],
            named=tuple(_aside(one) for one in row["named"]),
        )


def diff_from_row(row: Mapping[str, Any]) -> DiffRow:
    return DiffRow(**row | {"signal_type": SignalType(row["signal_type"])})  # type: ignore[operator]


def _aside(row: Mapping[str, Any]) -> PutAside:
    scope = BankScope(row["scope"]) if row["scope"] else None
    return PutAside(**row | {"signal_type": SignalType(row["signal_type"]), "scope": scope})  # type: ignore[operator]
