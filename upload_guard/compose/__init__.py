"""The one place that builds parts from settings. What a deployment does not use is not imported."""

from upload_guard.compose.guards import build_guard, build_inspector, build_routes, open_explainer
from upload_guard.compose.rules import (
    build_assembly,
    build_intake,
    build_policy,
    build_trust,
    is_manual,
    known_categories,
)
from upload_guard.compose.station import Station, build_reevaluator, build_station
from upload_guard.compose.stores import (
    build_sync,
    exchange_states,
    lists_not_active,
    open_audit,
    open_benign,
    open_cases,
    open_database_of,
    open_decisions,
    open_exports,
    open_holds,
    open_lists,
)

__all__ = [
    "Station",
    "build_assembly",
    "build_guard",
    "build_inspector",
    "build_intake",
    "build_policy",
    "build_reevaluator",
    "build_routes",
    "build_station",
    "build_sync",
    "build_trust",
    "exchange_states",
    "is_manual",
    "known_categories",
    "lists_not_active",
    "open_audit",
    "open_benign",
    "open_cases",
    "open_database_of",
    "open_decisions",
    "open_explainer",
    "open_exports",
    "open_holds",
    "open_lists",
]
