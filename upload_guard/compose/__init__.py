"""The one place that builds parts from settings. What a deployment does not use is not imported."""

from upload_guard.compose.answering import with_signal_checker
from upload_guard.compose.checking import build_checker, live_snapshot, sandbox_of
from upload_guard.compose.customers import build_customers, claim_checker_of
from upload_guard.compose.exchanges import due_lists, exchanges_of, stale_lists
from upload_guard.compose.forecasts import build_stage, foretell
from upload_guard.compose.guards import (
    GuardedSite,
    build_guard,
    build_inspector,
    build_routes,
    build_site,
    explainer_of,
    open_explainer,
)
from upload_guard.compose.holdings import beginnings_of, build_holdings, open_acting, open_placements
from upload_guard.compose.incoming import build_worker, desk_in, notice_acts_in, notices_in, open_desk
from upload_guard.compose.late import build_late_queue
from upload_guard.compose.outbox import feedback_takers, notice_targets, notice_transport, open_outbox
from upload_guard.compose.private import (
    disclosed_lists,
    open_private_checks,
    prepare_private_set,
    private_set_is_due,
)
from upload_guard.compose.reports import (
    open_erasure,
    open_report_desk,
    report_desk,
    report_dispatch,
    report_following,
    uploaders_in,
)
from upload_guard.compose.retro import open_upload_places
from upload_guard.compose.rules import (
    build_assembly,
    build_intake,
    build_policy,
    build_trust,
    is_manual,
    known_categories,
)
from upload_guard.compose.statements import appeals_in, statements_in
from upload_guard.compose.station import (
    Station,
    build_reevaluator,
    build_station,
    decisions_of,
    open_decisions,
)
from upload_guard.compose.stores import (
    build_sync,
    exchange_states,
    lists_not_active,
    open_audit,
    open_benign,
    open_cases,
    open_database_of,
    open_exports,
    open_holds,
    open_lists,
    open_signal_log,
)
from upload_guard.compose.upstreams import build_upstreams, upstream_of
from upload_guard.compose.viewing import build_reveals

__all__ = [
    "GuardedSite",
    "Station",
    "appeals_in",
    "beginnings_of",
    "build_assembly",
    "build_checker",
    "build_customers",
    "build_guard",
    "build_holdings",
    "build_inspector",
    "build_intake",
    "build_late_queue",
    "build_policy",
    "build_reevaluator",
    "build_reveals",
    "build_routes",
    "build_site",
    "build_stage",
    "build_station",
    "build_sync",
    "build_trust",
    "build_upstreams",
    "build_worker",
    "claim_checker_of",
    "decisions_of",
    "desk_in",
    "disclosed_lists",
    "due_lists",
    "exchange_states",
    "exchanges_of",
    "explainer_of",
    "feedback_takers",
    "foretell",
    "is_manual",
    "known_categories",
    "lists_not_active",
    "live_snapshot",
    "notice_acts_in",
    "notice_targets",
    "notice_transport",
    "notices_in",
    "open_acting",
    "open_audit",
    "open_benign",
    "open_cases",
    "open_database_of",
    "open_decisions",
    "open_desk",
    "open_erasure",
    "open_explainer",
    "open_exports",
    "open_holds",
    "open_lists",
    "open_outbox",
    "open_placements",
    "open_private_checks",
    "open_report_desk",
    "open_signal_log",
    "open_upload_places",
    "prepare_private_set",
    "private_set_is_due",
    "report_desk",
    "report_dispatch",
    "report_following",
    "sandbox_of",
    "stale_lists",
    "statements_in",
    "uploaders_in",
    "upstream_of",
    "with_signal_checker",
]
