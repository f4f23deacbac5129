"""Options of the customers of a check service: what counts for each, and how much each may ask."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from upload_guard.list_settings import Category, ListName, ListSettings, TrustSettings
from upload_guard.sections import Section


class CustomerSettings(Section):
    """One customer: the site of its machine keys is the name of this table.

    Both choices only narrow what `[trust]` and `[lists]` hold or block; empty is all of that. `per_day` (0:
    no end), `rate` (a second) and `burst` (at once) are checks, by all keys of the customer together.
    """

    categories: tuple[Category, ...] = ()
    lists: tuple[ListName, ...] = ()
    per_day: int = Field(default=0, ge=0, le=10**15)
    rate: float = Field(default=100.0, gt=0, le=1_000_000, allow_inf_nan=False)
    burst: int = Field(default=3000, ge=1, le=10_000_000)


_COUNTING = {"quarantine", "block"}


def lacking(
    customers: Mapping[str, CustomerSettings], trust: TrustSettings, lists: Mapping[str, ListSettings]
) -> str:
    """What a customer was promised and would never be told, as a sentence; empty where there is nothing."""
    general = {name for name, ceiling in trust.ceilings().items() if ceiling in _COUNTING}
    for name, customer in customers.items():
        own = {
            category.lower()
            for list_name, one in lists.items()
            if not customer.lists or list_name in customer.lists
            for category, ceiling in one.actions.items()
            if ceiling in _COUNTING
        }
        for category in customer.categories:
            if category.lower() not in general | own:
                return (
                    f"categories that count: [trust] or [lists] must hold or block {category!r}, or "
                    f"customer {name} would never hear of it"
                )
    return ""
