"""A line of the queue in words."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_babel import format_timedelta, lazy_gettext

from upload_guard.quarantine.showing.queue import Line, Size
from upload_guard.records import Action, Result
from upload_guard.sidecar.review.case.words import gettext, ngettext

RESULTS = {
    Result.MATCH.value: lazy_gettext("Matches a list"),
    Result.NEAR.value: lazy_gettext("Near a list"),
    Result.DISPUTED.value: lazy_gettext("Disputed"),
    Result.UNSCANNABLE.value: lazy_gettext("Could not be read"),
}


def why(line: Line) -> str:
    """What held its first case."""
    said = str(RESULTS.get(line.result, line.result))
    if not line.list_name:
        return said
    return gettext(
        "%(result)s: %(list)s, %(category)s", result=said, list=line.list_name, category=line.category
    )


def action(line: Line) -> str:
    return gettext("blocked") if line.action == Action.BLOCK.label else gettext("held")


def how_often(line: Line) -> str:
    """Uploads and files."""
    if line.count == 1:
        return gettext("one upload")
    files = ngettext("all the same file", "%(num)s different files", line.files)
    return gettext("%(uploads)s uploads, %(files)s", uploads=line.count, files=files)


def where(line: Line) -> str:
    if line.sites == 1:
        return line.site or gettext("no site named")
    return gettext("%(num)s sites", num=line.sites)


def due(line: Line) -> str:
    """How long there is until its deadline, or since it."""
    left = line.deadline - datetime.now(UTC)
    if line.late:
        return gettext("%(time)s late", time=format_timedelta(-left, granularity="minute"))
    return gettext("due in %(time)s", time=format_timedelta(left, granularity="minute"))


def how_much(size: Size, late: int) -> str:
    """What the filter lets through."""
    pictures = ngettext("One picture", "%(num)s pictures", size.groups)
    cases = ngettext("one case", "%(num)s cases", size.cases)
    said = gettext("%(pictures)s in %(cases)s.", pictures=pictures, cases=cases)
    if not late:
        return said
    return (
        said + " " + ngettext("One case of the queue is late.", "%(num)s cases of the queue are late.", late)
    )
