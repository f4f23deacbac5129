"""POST /v1/check/batch: what a customer of the check service asks by hashes, many files at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, RootModel

from upload_guard.checkers.claims import Claim, signal_of
from upload_guard.checkers.service_wire import (
    SERVICE_PATH,
    ItemAnswer,
    ItemFault,
    ServiceAnswer,
    ServiceItem,
    ServiceQuestion,
)
from upload_guard.customers.offers import Offer
from upload_guard.customers.quotas import Door
from upload_guard.errors import InvalidHash, NotOffered, UploadGuardError
from upload_guard.machine_keys.keys import Scope
from upload_guard.sidecar.api.answers import MatchAnswer, answered, match_answers
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import Caller, caller, requires
from upload_guard.sidecar.desk import Desk, Told


class DetailedItemAnswer(ItemAnswer):
    """The same for a key that may see list names and distances."""

    matches: tuple[MatchAnswer, ...] = ()


class DetailedServiceAnswer(BaseModel):
    """As `ServiceAnswer`."""

    answers: tuple[DetailedItemAnswer, ...]


class EitherServiceAnswer(RootModel[DetailedServiceAnswer | ServiceAnswer]):
    """With `matches` for keys that have the scope `details`."""


def service_routes(desk: Desk) -> APIBlueprint:
    routes = api_routes("check service", "check_service")

    @routes.post(SERVICE_PATH, responses={200: EitherServiceAnswer})
    @requires(Scope.SERVICE)
    def batch(body: ServiceQuestion) -> Response:
        """Check up to 1,000 files by their hashes. Opens no case; what is kept is that a hit was told."""
        asking = caller()
        offer = _narrowed(desk.customer(asking).offer, body, asking)
        claims, faults = _claims(body.items)
        told = dict(zip(claims, desk.ask(asking, Door.BATCH, tuple(claims.values()), offer), strict=True))
        plain = tuple(_answer(item, told, faults) for item in body.items)
        if Scope.DETAILS not in asking.scopes:
            return answered(ServiceAnswer(answers=plain))
        return answered(DetailedServiceAnswer(answers=tuple(_detailed(one, told) for one in plain)))

    return routes


def _narrowed(offer: Offer, body: ServiceQuestion, asking: Caller) -> Offer:
    """What counts for this question. Raises `NotOffered`."""
    # Whoever may not see names of lists must not guess them, nor hear which one a hash stands on.
    guessed = frozenset(body.lists) - offer.lists
    if guessed and Scope.DETAILS not in asking.scopes:
        raise NotOffered(f"key {asking.key_id} of {asking.site} named lists, and lacks the scope details")
    return offer.narrowed(body.categories, body.lists)


def _claims(items: Sequence[ServiceItem]) -> tuple[dict[str, Claim], dict[str, InvalidHash]]:
    """By id: what can be looked up, and why the others cannot."""
    claims: dict[str, Claim] = {}
    faults: dict[str, InvalidHash] = {}
    for item in items:
        try:
            claims[item.id] = _claim(item)
        except InvalidHash as fault:
            faults[item.id] = fault
    return claims, faults


def _claim(item: ServiceItem) -> Claim:
    hashes = item.hashes()
    if not hashes:
        raise InvalidHash("an item without a hash")
    return Claim(tuple(signal_of(kind, digits) for kind, digits in hashes.items()), item.upload)


def _answer(item: ServiceItem, told: Mapping[str, Told], faults: Mapping[str, InvalidHash]) -> ItemAnswer:
    if fault := faults.get(item.id) or told[item.id].fault:
        return ItemAnswer(id=item.id, fault=_fault(fault))
    answer = told[item.id].known()
    verdict = answer.verdict
    return ItemAnswer.model_validate(
        {
            "id": item.id,
            "result": verdict.result.value,
            "action": verdict.action.label,
            "category": answer.category,
            "reason": verdict.reason,
            "compared": sorted(answer.compared),
            "hit": told[item.id].hit,
        }
    )


def _fault(fault: UploadGuardError) -> ItemFault:
    return ItemFault(code=fault.code, message=fault.public)


def _detailed(plain: ItemAnswer, told: Mapping[str, Told]) -> DetailedItemAnswer:
    known = told.get(plain.id)
    answer = known.answer if known else None
    matches = match_answers(answer.verdict.matches) if answer else ()
    return DetailedItemAnswer(**dict(plain), matches=matches)
