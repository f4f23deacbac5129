"""What the customers of a check service are offered, and what answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upload_guard.compose.rules import build_policy
from upload_guard.compose.station import Station
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.checkers.claims import ClaimChecker
    from upload_guard.customers.offers import Customers


def build_customers(settings: Settings) -> Customers:
    """All that have a table of their own."""
    from upload_guard.customers.offers import Customer, Customers, offer_of
    from upload_guard.customers.quotas import Quota

    policy = build_policy(settings)
    return Customers(
        {
            site: Customer(
                site, offer_of(policy, own.categories, own.lists), Quota(own.per_day, own.rate, own.burst)
            )
            for site, own in settings.customers.items()
        }
    )


def claim_checker_of(station: Station) -> ClaimChecker:
    """Answers by hashes alone, where the process checks by itself."""
    from upload_guard.checkers.claims import ClaimChecker

    return ClaimChecker(station.checker)
