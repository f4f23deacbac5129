"""What a person is told of a list and of an act before and after it, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import url_for

from upload_guard.lists.gate.gate import Decision, DiffRow
from upload_guard.lists.tasks.overview import ListOverview
from upload_guard.lists.tasks.report_rows import ReportShown
from upload_guard.lists.tasks.tasks import Task, TaskAct
from upload_guard.quarantine.deciding.reevaluation import Reevaluated
from upload_guard.rehearsal.forecast import Forecast, UploadsForeseen
from upload_guard.settings import Settings
from upload_guard.sidecar.review.words import gettext, ngettext


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody should do next, and where."""

    said: str
    address: str


def next_steps(one: ListOverview, settings: Settings) -> tuple[Step, ...]:
    """The gravest first; none where the list needs nobody."""
    return tuple(_steps(one, settings))


def _steps(one: ListOverview, settings: Settings) -> Iterator[Step]:
    here = url_for("review.lists.one", name=one.name)
    if one.to_decide:
        said = ngettext(
            "The flood breaker lowered %(num)d entry: say whether it is right.",
            "The flood breaker lowered %(num)d entries: say whether they are right.",
            len(one.to_decide),
        )
        yield Step(said, f"{here}#breaker")
    if one.exchange and (one.exchange.fault or is_stale(one, settings)):
        yield Step(gettext("Fetching it fails, or is long ago: see why."), f"{here}#exchange")
    if waiting := one.waiting:
        address = url_for("review.lists.version", name=one.name, number=waiting.number)
        yield Step(gettext("Version %(number)d waits: look at it.", number=waiting.number), address)
    if any(dispute.agreed_at is None for dispute in one.disputes):
        yield Step(gettext("A second person has to agree to a dispute."), f"{here}#disputes")


def is_stale(one: ListOverview, settings: Settings) -> bool:
    """Whether its exchange was last reached longer ago than the settings allow."""
    own = settings.lists.get(one.name)
    if one.exchange is None or own is None or own.exchange is None:
        return False
    return one.exchange.stale(timedelta(hours=own.exchange.stale_hours), datetime.now(UTC))


def gate_said(report: ReportShown) -> str:
    """The gate's decision and why."""
    if report.decision is Decision.PASSES:
        return gettext("The gate lets it pass.")
    if report.decision is Decision.REFUSED:
        if not report.entries:
            return gettext("The gate refuses it: it holds no entry.")
        return gettext("The gate refuses it: so many entries are junk or name known-good images.")
    before, acting = report.before or 0, report.acting
    if acting < before:
        return gettext(
            "The gate holds it: it shrinks from %(before)d to %(acting)d acting entries. "
            "Ask its supplier before you let it pass.",
            before=before,
            acting=acting,
        )
    return gettext(
        "The gate holds it: it grows from %(before)d to %(acting)d acting entries. "
        "Ask its supplier before you let it pass.",
        before=before,
        acting=acting,
    )


def changes_said(rows: tuple[DiffRow, ...]) -> str:
    """How many entries come and go."""
    return gettext(
        "%(added)d hashes come, %(removed)d go; %(moved)d that stay change their category.",
        added=sum(row.added for row in rows),
        removed=sum(row.removed for row in rows),
        moved=sum(row.came for row in rows),
    )


def foreseen(forecast: Forecast) -> tuple[str, ...]:
    """What would come of it."""
    return (*cases_foreseen(forecast.cases), uploads_foreseen(forecast.uploads))


def cases_foreseen(cases: Reevaluated) -> Iterator[str]:
    if cases.proposed:
        yield ngettext(
            "%(num)d undecided case would be proposed for release.",
            "%(num)d undecided cases would be proposed for release.",
            cases.proposed,
        )
    if cases.released:
        yield ngettext(
            "%(num)d undecided case would be released at once, as the settings say.",
            "%(num)d undecided cases would be released at once, as the settings say.",
            cases.released,
        )
    if cases.reopened:
        yield ngettext(
            "%(num)d case that is proposed for release would be held again.",
            "%(num)d cases that are proposed for release would be held again.",
            cases.reopened,
        )
    if not (cases.proposed or cases.released or cases.reopened):
        yield gettext("No undecided case would change.")


def uploads_foreseen(uploads: UploadsForeseen | None) -> str:
    if uploads is None:
        return gettext(
            "What it would have held of uploads cannot be told: no signal log is kept ([signal_log] days)."
        )
    return gettext(
        "Of %(uploads)d uploads of the last %(days)d days it would have blocked %(blocked)d and held "
        "%(held)d; %(passed)d of these passed when they came.",
        uploads=uploads.uploads,
        days=uploads.days,
        blocked=uploads.blocked,
        held=uploads.held,
        passed=uploads.passed,
    )


def came_of_it(cases: Reevaluated, proposed: int) -> tuple[str, ...]:
    """What an act made of undecided cases, as far as this process judged them; `proposed` are there by now.

    Servers judge the same cases, and mostly more of them than this process gets to.
    """
    told = []
    if proposed:
        told.append(
            ngettext(
                "%(num)d case is proposed for release now.",
                "%(num)d cases are proposed for release now.",
                proposed,
            )
        )
    if cases.released:
        told.append(ngettext("%(num)d case was released.", "%(num)d cases were released.", cases.released))
    if cases.reopened:
        told.append(ngettext("%(num)d case is held again.", "%(num)d cases are held again.", cases.reopened))
    return tuple(told) or (gettext("No undecided case changed, as far as this process judged them."),)


def task_said(task: Task) -> str:
    """What was asked for, as a heading."""
    words = {
        TaskAct.ACTIVATE: gettext(
            "Activate version %(number)d of %(name)s", number=task.version, name=task.list_name
        ),
        TaskAct.ROLLBACK: gettext(
            "Back to version %(number)d of %(name)s", number=task.version, name=task.list_name
        ),
        TaskAct.EXAMINE: gettext(
            "What the gate says of version %(number)d of %(name)s", number=task.version, name=task.list_name
        ),
        TaskAct.FORECAST: gettext(
            "What version %(number)d of %(name)s would do", number=task.version, name=task.list_name
        ),
        TaskAct.COMPARE: gettext(
            "Version %(number)d of %(name)s beside version %(other)d",
            number=task.version,
            name=task.list_name,
            other=task.against or 0,
        ),
    }
    return words[task.act]
