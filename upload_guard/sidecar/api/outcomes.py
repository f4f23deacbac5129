"""/v1/outcomes: what customers tell of their hits; /v1/customers/figures: how that stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from upload_guard.customers.outcomes import HitInfo, Outcomes
from upload_guard.customers.wire import HIT_ID, OUTCOMES_PATH, OutcomesAnswer, OutcomesQuestion
from upload_guard.machine_keys.keys import Scope
from upload_guard.machine_keys.ledger import Ledger
from upload_guard.sidecar.api.answers import answered
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import caller, requires
from upload_guard.statistics.by_customer import CustomerMonth, months_by_customer
from upload_guard.statistics.period import Period

FIGURES_PATH = "/v1/customers/figures"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What these routes ask. `deadline`: within so long of a hit something should have been done."""

    outcomes: Outcomes
    ledger: Ledger
    deadline: timedelta


class OpenHit(BaseModel):
    """A hit of which nothing was told yet. `times` is how often it was asked for on that day."""

    hit: str
    category: str
    asked_at: datetime
    last_asked_at: datetime
    times: int
    due_at: datetime = Field(description="Something should be told by then.")


class OpenHits(BaseModel):
    """Oldest first. `next` is what to give as `after` for those that follow, null at the end."""

    hits: tuple[OpenHit, ...]
    next: str | None


class OpenQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200)
    after: str = Field("", pattern=rf"^$|{HIT_ID}", description="A hit: go on after it.")


class FiguresQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: int = Field(90, ge=1, le=3660)
    customer: str = Field("", max_length=64, description="Only this one.")


class MonthAnswer(BaseModel):
    """As `upload_guard.statistics.by_customer.CustomerMonth`; shares from 0 to 1."""

    customer: str
    month: str
    hits: int
    followed_up_in_time: int
    followed_up_later: int
    open: int
    open_and_late: int
    share_in_time: float | None
    median_minutes: int | None
    false_positives: int

    @classmethod
    def of(cls, month: CustomerMonth) -> MonthAnswer:
        return cls(
            customer=month.customer,
            month=month.month,
            hits=month.hits,
            followed_up_in_time=month.within,
            followed_up_later=month.later,
            open=month.open,
            open_and_late=month.late,
            share_in_time=month.share,
            median_minutes=None if month.median is None else month.median // timedelta(minutes=1),
            false_positives=month.doubted,
        )


class FiguresAnswer(BaseModel):
    deadline_hours: float
    months: tuple[MonthAnswer, ...]


def outcome_routes(own: FollowUp) -> APIBlueprint:
    routes = api_routes("outcomes", __name__)

    @routes.post(OUTCOMES_PATH, responses={200: OutcomesAnswer})
    @requires(Scope.SERVICE)
    def tell(body: OutcomesQuestion) -> Response:
        """Tell what became of up to 200 hits. Counts as one request for each."""
        asking = caller()
        own.ledger.charge(asking.key_id, len(body.outcomes) - 1)
        return answered(OutcomesAnswer(known=own.outcomes.tell(asking.site, body.outcomes, asking.key_id)))

    @routes.get(OUTCOMES_PATH, responses={200: OpenHits})
    @requires(Scope.SERVICE)
    def still_open(query: OpenQuery) -> Response:
        """The hits of the key's own site of which nothing was told."""
        found = own.outcomes.open(caller().site, query.limit + 1, query.after)
        shown = found[: query.limit]
        after = shown[-1].id if len(found) > len(shown) else None
        return answered(OpenHits(hits=tuple(_open(hit, own.deadline) for hit in shown), next=after))

    @routes.get(FIGURES_PATH, responses={200: FiguresAnswer})
    @requires(Scope.REVIEW)
    def figures(query: FiguresQuery) -> Response:
        """How customers followed up their hits, by month."""
        now = datetime.now(UTC)
        period = Period.of_days(query.days, now, query.customer)
        months = months_by_customer(own.outcomes.database, period, own.deadline, now)
        return answered(
            FiguresAnswer(
                deadline_hours=own.deadline / timedelta(hours=1), months=tuple(map(MonthAnswer.of, months))
            )
        )

    return routes


def _open(hit: HitInfo, deadline: timedelta) -> OpenHit:
    return OpenHit(
        hit=hit.id,
        category=hit.category,
        asked_at=hit.asked_at,
        last_asked_at=hit.last_asked_at,
        times=hit.times,
        due_at=hit.asked_at + deadline,
    )
