"""Lists: what acts and why, letting versions act or going back, and what the flood breaker lowered.

What takes long is asked for here and done by a process of its own (`lists.tasks`); its page tells what came
of it. What an act would do is said before the button.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from upload_guard.errors import ListError, UsageError
from upload_guard.lists.breaker import trips
from upload_guard.lists.tasks.overview import ListOverview, gate_note, overview, overview_of
from upload_guard.lists.tasks.report_rows import ReportShown, diff_from_row
from upload_guard.lists.tasks.tasks import ListTasks, Task, TaskAct, Wish
from upload_guard.lists.versions import VersionInfo
from upload_guard.people.roles import Permission
from upload_guard.quarantine.deciding.reevaluation import Reevaluated
from upload_guard.quarantine.states import CaseState
from upload_guard.rehearsal.forecast import Forecast
from upload_guard.sidecar.review import links, list_words
from upload_guard.sidecar.review.access import may, person
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.labels import STAGES, WAYS
from upload_guard.sidecar.review.list_tables import aside_table, difference_table, named_table
from upload_guard.sidecar.review.tables import raw, shown
from upload_guard.sidecar.review.words import gettext
from upload_guard.statistics.by_list import undecided_by_list

_SHOWN = 50
_ASKED = {act.value: act for act in TaskAct}


def list_pages(review: Review) -> Blueprint:
    pages = Blueprint("lists", __name__)
    database, tasks = review.database, ListTasks(review.database)

    @pages.context_processor
    def words() -> dict[str, object]:
        return {"shown": shown, "raw": raw, "say": list_words, "ways": WAYS, "stages": STAGES, "links": links}

    @pages.get("/lists")
    @may(Permission.SEE)
    def overview_page() -> str:
        found = overview(review.lists)
        steps = {one.name: list_words.next_steps(one, review.settings) for one in found}
        named = sorted(review.settings.lists.keys() - {one.name for one in found})
        return render_template(
            "review/lists.html", lists=found, steps=steps, not_there=named, bank=review.bank.sizes()
        )

    @pages.get("/lists/<name>")
    @may(Permission.SEE)
    def one(name: str) -> str:
        found = _list_or_404(review, name)
        return render_template(
            "review/list.html",
            one=found,
            versions=found.versions[: -_SHOWN - 1 : -1],
            activations=found.activations[:_SHOWN],
            lifted=trips.trips_of(database, name, in_force=False)[:_SHOWN],
            undecided=undecided_by_list(database, name),
            steps=list_words.next_steps(found, review.settings),
            stale=list_words.is_stale(found, review.settings),
            tasks=tasks.of_list(name),
        )

    @pages.get("/lists/<name>/<int:number>")
    @may(Permission.SEE)
    def version(name: str, number: int) -> str:
        found = _list_or_404(review, name)
        info = _version_or_404(found, number)
        foretold = tasks.newest(name, number, TaskAct.FORECAST)
        examined = tasks.newest(name, number, TaskAct.EXAMINE, TaskAct.FORECAST, TaskAct.ACTIVATE)
        report = ReportShown.from_row(examined.outcome["report"]) if examined else None
        return render_template(
            "review/list_version.html",
            one=found,
            version=info,
            gate=gate_note(database, name, number),
            report=report,
            examined=examined,
            difference=difference_table(report.rows) if report else None,
            aside=aside_table(report) if report else None,
            named=named_table(report) if report else None,
            forecast=Forecast.from_row(foretold.outcome) if foretold else None,
            foretold=foretold,
            outdated=foretold is not None and _changed_since(review, foretold),
            undecided=undecided_by_list(database, name),
            others=[one for one in reversed(found.versions) if one.number != number][:_SHOWN],
        )

    @pages.get("/list-tasks/<int:number>")
    @may(Permission.SEE)
    def task(number: int) -> str:
        try:
            found = tasks.one(number)
        except UsageError:
            raise NotFound from None
        # htmx asks for the changing part alone.
        whole = "HX-Request" not in request.headers
        return render_template(
            "review/list_task.html" if whole else "review/list_task_state.html",
            task=found,
            proposed=review.queue.counts()[CaseState.RELEASE_PROPOSED],
            **_came_of(found),
        )

    _acts(pages, review)
    return pages


def _acts(pages: Blueprint, review: Review) -> None:
    """What changes something, or has the server work."""
    tasks = ListTasks(review.database)

    @pages.post("/lists/<name>/<int:number>/ask")
    @may(Permission.MANAGE_LISTS)
    def ask(name: str, number: int) -> Response:
        act = _ASKED.get(request.form.get("act", ""))
        if act is None:
            raise BadRequest
        against = request.form.get("against", type=int) if act is TaskAct.COMPARE else None
        task = tasks.ask(Wish(act, name, number, against), person().name)
        return redirect(url_for("review.lists.task", number=task.number))

    @pages.post("/lists/<name>/<int:number>/approve")
    @may(Permission.MANAGE_LISTS)
    def approve(name: str, number: int) -> Response:
        review.lists.approve(name, number, person().name, request.form.get("because", ""))
        flash(
            gettext("Version %(number)d may pass now. It acts once it is activated.", number=number), "done"
        )
        return redirect(url_for("review.lists.version", name=name, number=number))

    @pages.post("/breaker/<int:number>")
    @may(Permission.MANAGE_LISTS)
    def decide(number: int) -> Response:
        because = request.form.get("because", "")
        said = _decided(review, number, request.form.get("word", ""), because)
        flash(said, "done")
        name = request.form.get("list", "")
        return redirect(f"{url_for('review.lists.one', name=name)}#breaker")


def _decided(review: Review, number: int, word: str, because: str) -> str:
    """Do what was said of an entry that the breaker lowered; what comes of it."""
    if word == "confirm":
        trips.confirm(review.database, number, person().name, because)
        return gettext("It stays lowered: it does at most hold.")
    if word == "lift":
        trips.lift(review.database, number, person().name, because)
        return gettext("It acts again as its list says, within a second. Undecided cases are judged again.")
    raise BadRequest


def _came_of(task: Task) -> dict[str, object]:
    """What the page of a task shows, by what it was."""
    outcome = task.outcome
    report = ReportShown.from_row(outcome["report"]) if "report" in outcome else None
    rows = report.rows if report else tuple(map(diff_from_row, outcome.get("rows", ())))
    return {
        "report": report,
        "rows": rows,
        "difference": difference_table(rows),
        "aside": aside_table(report) if report else None,
        "named": named_table(report) if report else None,
        "forecast": Forecast.from_row(outcome) if task.act is TaskAct.FORECAST and outcome else None,
        "cases": Reevaluated(**outcome["cases"]) if task.act.changes and "cases" in outcome else None,
    }


def _changed_since(review: Review, task: Task) -> bool:
    """Whether lists have come to act otherwise since a forecast was made."""
    activated = (one.activated_at for one in review.lists.versions())
    return any(at is not None and task.ended_at is not None and at > task.ended_at for at in activated)


def _list_or_404(review: Review, name: str) -> ListOverview:
    try:
        return overview_of(review.lists, name)
    except ListError:
        raise NotFound from None


def _version_or_404(one: ListOverview, number: int) -> VersionInfo:
    info = one.version(number)
    if info is None:
        raise NotFound
    return info
