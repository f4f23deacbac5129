"""Where the customers of the check service ask, whichever door they came in by.

A question is charged before it is looked into, and what is told to be listed is noted before it is told.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from upload_guard.checkers.claims import Answer, Claim, ClaimChecker
from upload_guard.customers.hits import AnsweredHit, Hits
from upload_guard.customers.offers import Customer, Customers, Offer
from upload_guard.customers.quotas import Asker, Door, Quotas
from upload_guard.errors import NotCovered, StorageFailed
from upload_guard.records import Signal
from upload_guard.sidecar.auth import Caller

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What a claim is answered by: an `answer`, with the id of the hit if it is one, or a `fault`."""

    answer: Answer | None = None
    hit: str = ""
    fault: NotCovered | None = None

    def known(self) -> Answer:
        """The answer. Raises the fault where there is none."""
        if self.answer is None:
            raise self.fault or NotCovered("no answer")
        return self.answer


@dataclass(frozen=True, slots=True)
class Listed:
    """Hashes of one file that a customer is told are listed, in the category that decided.

    Those of one `upload`, if that is named, are one hit.
    """

    signals: tuple[Signal, ...]
    category: str
    upload: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """One a process."""

    customers: Customers
    checker: ClaimChecker
    quotas: Quotas
    hits: Hits

    def customer(self, asking: Caller) -> Customer:
        """Whose key it is. Raises `NotACustomer`."""
        return self.customers.of(asking.site, asking.key_id)

    def charge(self, asking: Caller, door: Door, checks: int) -> None:
        """Raises `NotACustomer`, `RateLimited`, and `NotReady`, for which nobody pays."""
        customer = self.customer(asking)
        self.checker.ensure_ready()
        self.quotas.charge(_asker(asking, door), customer.quota, checks)

    def note_test(self, asking: Caller) -> None:
        """Count a question that touches no list."""
        self.customer(asking)
        self.quotas.note(_asker(asking, Door.EOKM_TEST), 1)

    def ask(self, asking: Caller, door: Door, claims: Sequence[Claim], offer: Offer) -> tuple[Told, ...]:
        """What is told of each, in order. Raises `NotACustomer`, `RateLimited`, `NotReady`."""
        self.charge(asking, door, len(claims))
        found = [self._of(claim, offer, asking.site) for claim in claims]
        places = [at for at, one in enumerate(found) if one.answer and one.answer.listed]
        listed = [Listed(claims[at].signals, found[at].known().category, claims[at].upload) for at in places]
        for at, hit in zip(places, self.note_listed(asking, door, listed), strict=True):
            found[at] = Told(found[at].answer, hit)
        return tuple(found)

    def note_listed(self, asking: Caller, door: Door, listed: Sequence[Listed]) -> tuple[str, ...]:
        """Ids by which the customer can say what became of each; empty where it could not be noted."""
        if not listed:
            return ()
        try:
            self.quotas.note_hits(_asker(asking, door), len(listed))
            of_upload = _by_upload(listed)
            hits = self.hits.note(asking.site, tuple(of_upload.values()))
            ids = dict(zip(of_upload, hits, strict=True))
            return tuple(ids[_upload(at, one)] for at, one in enumerate(listed))
        except StorageFailed as fault:
            # That it is listed matters more than that it is counted.
            log.warning("ALARM: hits of customer %s are not noted: %s", asking.site, fault)
            return ("",) * len(listed)

    def _of(self, claim: Claim, offer: Offer, site: str) -> Told:
        try:
            return Told(self.checker.check(claim, offer, site))
        except NotCovered as fault:
            return Told(fault=fault)


def _by_upload(listed: Sequence[Listed]) -> Mapping[str | int, AnsweredHit]:
    """What is one hit each; in the category of what comes first."""
    hits: dict[str | int, AnsweredHit] = {}
    for at, one in enumerate(listed):
        name = _upload(at, one)
        first = hits.get(name, AnsweredHit((), one.category))
        hits[name] = AnsweredHit(first.signals + one.signals, first.category)
    return hits


def _upload(at: int, one: Listed) -> str | int:
    """Its name, or its place where it has none."""
    return one.upload or at


def _asker(asking: Caller, door: Door) -> Asker:
    return Asker(asking.site, asking.key_id, door)
