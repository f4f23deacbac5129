"""What is decided by settings alone: policies, how bodies are taken in, what is known of a list."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from upload_guard.errors import (
    BodyTooLarge,
    Busy,
    CheckFailed,
    NotReady,
    ServiceTimeout,
    ServiceUnreachable,
    UpstreamSilent,
)
from upload_guard.failure_settings import FailureSettings
from upload_guard.intake.assembly import Assembly
from upload_guard.intake.forms import FormLimits, refuse
from upload_guard.intake.rules import IntakeLimits, IntakeRule
from upload_guard.list_settings import Ceiling
from upload_guard.policy import Policy, Trust
from upload_guard.records import Action
from upload_guard.settings import RouteSettings, Settings

if TYPE_CHECKING:
    from upload_guard.lists.categories import KnownCategories
    from upload_guard.quarantine.custody.retention import Retention
    from upload_guard.quarantine.deciding.rulings import Ruling


def build_policy(settings: Settings, failure: FailureSettings | None = None) -> Policy:
    """The policy, with what differs on a route if `failure` is given."""
    chosen = failure or settings.failure
    modes = {
        ServiceUnreachable.code: chosen.unreachable,
        ServiceTimeout.code: chosen.timeout,
        Busy.code: chosen.busy,
        NotReady.code: chosen.not_ready,
        CheckFailed.code: chosen.error,
        BodyTooLarge.code: chosen.over_limit,
    }
    return Policy(
        trust=build_trust(settings),
        unscannable=Action.from_label(chosen.unscannable),
        unreadable=Action.from_label(chosen.unreadable),
        # Where an upstream's own settings let pass, no other has to agree.
        open_on=frozenset(code for code, mode in modes.items() if mode == "open") | {UpstreamSilent.code},
    )


def build_retention(settings: Settings) -> Retention:
    """How long bytes are held, by jurisdiction and category."""
    from upload_guard.quarantine.custody.retention import Retention, Rule

    own = settings.quarantine
    rules = {
        (law, category): Rule(rule.keep == "sealed", rule.days)
        for law, by_category in own.retention.items()
        for category, rule in by_category.items()
    }
    return Retention(rules, own.jurisdiction, own.site_jurisdictions)


def two_person_rulings(settings: Settings) -> frozenset[Ruling]:
    """What a second person has to agree to."""
    from upload_guard.quarantine.deciding.rulings import Ruling

    words = {"confirm": Ruling.CONFIRMED}
    return frozenset(words[word] for word in settings.quarantine.second_person)


_DECIDING = {"trust", "lists", "signals", "upstreams", "failure", "routes", "imaging", "canary"}


def rules_of(settings: Settings) -> str:
    """Names the settings by which an upload is found and judged."""
    deciding = settings.model_dump_json(include=_DECIDING)
    return hashlib.sha256(deciding.encode()).hexdigest()[:16]


def strictest_policy(settings: Settings) -> Policy:
    """What could not be read is held where any route holds it."""
    policy = build_policy(settings)
    failures = [settings.failure.model_copy(update=_differing(route)) for route in settings.routes]
    return replace(
        policy,
        unscannable=max([policy.unscannable, *(Action.from_label(one.unscannable) for one in failures)]),
        unreadable=max([policy.unreadable, *(Action.from_label(one.unreadable) for one in failures)]),
    )


def _differing(route: RouteSettings) -> dict[str, Any]:
    return route.failure.model_dump(exclude_none=True)


def build_trust(settings: Settings) -> Trust:
    return Trust(
        ceilings=_actions(settings.trust.ceilings()),
        by_list={name: _actions(own.actions) for name, own in settings.lists.items()},
        probation=timedelta(hours=settings.trust.probation_hours),
    )


def build_intake(settings: Settings) -> IntakeRule:
    """How bodies are taken in where no route says otherwise."""
    intake = settings.intake
    limits = IntakeLimits(
        spool_dir=settings.spool_dir,
        max_body=intake.max_body,
        max_text=intake.max_text,
        max_inflated=intake.max_inflated,
        max_files=intake.max_files,
        max_carried=intake.max_carried,
        body_timeout=intake.body_timeout,
        form=FormLimits(intake.max_parts, intake.max_part_header, refuse),
    )
    return IntakeRule(limits, carriers=frozenset(intake.carriers))


def build_assembly(settings: Settings) -> Assembly:
    intake = settings.intake
    return Assembly(
        settings.assembly_dir, intake.max_body, intake.max_unfinished, intake.unfinished_hours * 3600
    )


def is_manual(settings: Settings, name: str) -> bool:
    """Whether later versions of a list wait for a person."""
    return name in settings.lists and settings.lists[name].activate == "manual"


def known_categories(settings: Settings, name: str) -> KnownCategories:
    """The categories that some rule names for a list."""
    from upload_guard.lists.categories import KnownCategories

    return KnownCategories(build_trust(settings), name)


def _actions(ceilings: Mapping[str, Ceiling]) -> dict[str, Action]:
    return {
        category.lower(): Action.ALLOW if ceiling == "ignore" else Action.from_label(ceiling)
        for category, ceiling in ceilings.items()
    }
