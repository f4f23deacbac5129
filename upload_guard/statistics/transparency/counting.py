"""Counts what a transparency report says out of rows. What no row tells is in no figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, select
from sqlalchemy.orm import Session

from upload_guard.late.entries import LATE_ROUTE, RETRO_ROUTE
from upload_guard.notices.states import SETTLED, AddressState
from upload_guard.records import Action, Result
from upload_guard.statements.appeals import AppealState
from upload_guard.statistics.by_list import came_within, last_decision
from upload_guard.statistics.deciding import percentile
from upload_guard.statistics.known import known_things
from upload_guard.statistics.period import Period
from upload_guard.statistics.removal import removals_of
from upload_guard.statistics.transparency.figures import Figure, Part, Report
from upload_guard.storage.database import Database
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.report_tables import Report as SentReport
from upload_guard.storage.statement_tables import Appeal, Statement
from upload_guard.storage.statistics_tables import UploadStatistic
from upload_guard.storage.tables import Case

# By what their routes begin with; all others were refused at the door.
_FOUND_BY = {"late_check": LATE_ROUTE, "later_list": RETRO_ROUTE, "scan": "scan:", "notice": "notice:"}
_DECISIONS = ("confirmed", "false_positive", "released", "escalated")
_CHANNELS = ("mail", "form", "api")
Figures = tuple[Figure, ...]


def transparency_report(database: Database, period: Period, now: datetime) -> Report:
    """All from one view of the rows. Raises `StorageFailed`."""
    parts: Mapping[Part, Callable[[Session, Period], Figures]] = {
        Part.UPLOADS: _uploads,
        Part.NOTICES: _notices,
        Part.CASES: _cases,
        Part.REMOVALS: lambda session, period: _removals(session, period, now),
        Part.COMPLAINTS: _complaints,
        Part.ACCURACY: _accuracy,
        Part.REPORTS: _reports,
    }
    with database.session() as session:
        return Report(period, {part: count(session, period) for part, count in parts.items()})


def _uploads(session: Session, period: Period) -> Figures:
    counted = (
        select(UploadStatistic.result, UploadStatistic.action, func.sum(UploadStatistic.uploads))
        .where(UploadStatistic.day.between(period.first, period.last))
        .group_by(UploadStatistic.result, UploadStatistic.action)
    )
    if period.site:
        counted = counted.where(UploadStatistic.site == period.site)
    results: Counter[str] = Counter()
    actions: Counter[str] = Counter()
    for result, action, uploads in session.execute(counted):
        results[result] += uploads
        actions[action] += uploads
    return (
        Figure("checked", results.total()),
        *(Figure(f"result_{result.value}", results[result.value]) for result in Result),
        Figure("held", actions[Action.QUARANTINE.label]),
        Figure("blocked", actions[Action.BLOCK.label]),
    )


def _notices(session: Session, period: Period) -> Figures:
    came: tuple[ColumnElement[bool], ...] = (
        Notice.received_at >= period.begin,
        Notice.received_at < period.end,
    )
    if period.site:
        came += (Notice.site == period.site,)
    channels = _counted(session, select(Notice.channel, func.count()).where(*came).group_by(Notice.channel))
    addresses = _counted(
        session,
        select(NoticeAddress.state, func.count())
        .join(Notice, Notice.id == NoticeAddress.notice_id)
        .where(*came, ~NoticeAddress.derived, Notice.joined_to == "")
        .group_by(NoticeAddress.state),
    )
    some = select(func.count()).select_from(Notice).where(*came)
    took = cast(
        (func.strftime("%s", Notice.closed_at) - func.strftime("%s", Notice.received_at)) / 60, Integer
    )
    closed = select(took.label("took"), func.count()).where(*came, Notice.closed_at.is_not(None))
    times = _counted(session, closed.group_by("took"))
    return (
        Figure("received", channels.total()),
        *(Figure("by_channel", channels[channel], channel) for channel in _CHANNELS),
        Figure("trusted", _count(session, some.where(Notice.trusted))),
        Figure("repeated", _count(session, some.where(Notice.joined_to != ""))),
        Figure("dealt_with", times.total()),
        Figure("median_time", percentile(times, 50)),
        Figure("addresses", addresses.total()),
        *(
            Figure(f"address_{state.value}", addresses[state.value])
            for state in AddressState
            if state in SETTLED
        ),
        Figure("address_open", sum(n for state, n in addresses.items() if state not in SETTLED)),
    )


def _cases(session: Session, period: Period) -> Figures:
    came = came_within(period)
    opened = _count(session, select(func.count()).select_from(Case).where(*came))
    found = {
        by: _count(session, select(func.count()).select_from(Case).where(*came, Case.route.startswith(route)))
        for by, route in _FOUND_BY.items()
    }
    decisions = _decisions(session, period)
    decided = select(Case.category, func.count()).where(*came, last_decision() == "confirmed")
    confirmed = _counted(session, decided.group_by(Case.category).order_by(Case.category))
    return (
        Figure("opened", opened),
        Figure("found_at_the_door", opened - sum(found.values())),
        *(Figure(f"found_by_{by}", count) for by, count in found.items()),
        *(Figure(f"decided_{decision}", decisions[decision]) for decision in _DECISIONS),
        Figure("undecided", opened - sum(decisions[decision] for decision in _DECISIONS)),
        *(Figure("confirmed_of_category", count, category) for category, count in confirmed.items()),
    )


def _decisions(session: Session, period: Period) -> Counter[Any]:
    """The cases that came in the period, by what was decided last on each."""
    decided = select(last_decision().label("decided"), func.count()).where(*came_within(period))
    return _counted(session, decided.group_by("decided"))


def _removals(session: Session, period: Period, now: datetime) -> Figures:
    found = removals_of(known_things(session, period), now)
    return (
        Figure("known", found.known),
        Figure("removed", found.removed),
        Figure("within_24_hours", found.within),
        Figure("share_within_24_hours", found.share),
        Figure("median_time", found.median),
        Figure("p95_time", found.p95),
        Figure("still_there", found.open),
        Figure("still_there_late", found.late),
        Figure("may_stay", found.stays),
    )


def _complaints(session: Session, period: Period) -> Figures:
    """Appeals that were made in the period, as they stand now, and how long those took that are settled."""
    of_site = (Case.site == period.site,) if period.site else ()

    def some(at: Any, *columns: Any) -> Any:
        named = at.class_.case_number
        found = select(*columns).join(Case, Case.number == named, isouter=not period.site)
        return found.where(at >= period.begin, at < period.end, *of_site)

    states = _counted(session, some(Appeal.made_at, Appeal.state, func.count()).group_by(Appeal.state))
    took = cast((func.strftime("%s", Appeal.settled_at) - func.strftime("%s", Appeal.made_at)) / 60, Integer)
    settled = some(Appeal.made_at, took.label("took"), func.count()).where(Appeal.settled_at.is_not(None))
    return (
        Figure("statements", _count(session, some(Statement.told_at, func.count()).select_from(Statement))),
        Figure("appeals", states.total()),
        *(Figure(f"appeals_{state.value}", states[state.value]) for state in AppealState),
        Figure("median_time", percentile(_counted(session, settled.group_by("took")), 50)),
    )


def _accuracy(session: Session, period: Period) -> Figures:
    """By the words of people alone: what nobody has decided says nothing of how right the machine was."""
    decisions = _decisions(session, period)
    wrong, right = decisions["false_positive"], decisions["confirmed"]
    return (
        Figure("decided", wrong + right),
        Figure("wrong", wrong),
        Figure("share_wrong", wrong / (wrong + right) if wrong + right else None),
    )


def _reports(session: Session, period: Period) -> Figures:
    of_site = (Case.site == period.site,) if period.site else ()
    joined = select(SentReport.recipient, func.count()).join(
        Case, Case.number == SentReport.case_number, isouter=not period.site
    )

    def by_recipient(at: Any) -> Counter[Any]:
        when = at >= period.begin, at < period.end
        rows = joined.where(*when, *of_site).group_by(SentReport.recipient).order_by(SentReport.recipient)
        return _counted(session, rows)

    sent = by_recipient(SentReport.sent_at)
    return (
        Figure("sent", sent.total()),
        *(Figure("sent_to", count, recipient) for recipient, count in sent.items()),
        Figure("acknowledged", by_recipient(SentReport.acknowledged_at).total()),
        Figure("withdrawn", by_recipient(SentReport.withdrawn_at).total()),
    )


def _counted(session: Session, query: Any) -> Counter[Any]:
    """Rows of something and how many of it there are, in their order."""
    return Counter({row[0]: row[1] for row in session.execute(query)})


def _count(session: Session, query: Any) -> int:
    return session.scalar(query) or 0
