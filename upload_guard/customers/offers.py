"""What counts for whoever asks the check service: narrower than the policy here, never wider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from upload_guard.customers.quotas import Quota
from upload_guard.errors import NotACustomer, NotOffered
from upload_guard.policy import Policy, Trust, judge
from upload_guard.records import Action, Findings, Verdict


@dataclass(frozen=True, slots=True)
class Offer:
    """`policy` holds or blocks the categories that count, and ignores others; `lists` are those that count,
    or all where it is empty.

    A category counts where it is held or blocked. One that is merely monitored is as good as unlisted: who
    asks has only a yes or a no.
    """

    policy: Policy
    lists: frozenset[str] = frozenset()

    def takes(self, list_name: str) -> bool:
        return not self.lists or list_name in self.lists

    def counts(self, list_name: str, category: str) -> bool:
        return self.takes(list_name) and self.policy.trust.ceiling(list_name, category).refuses

    def judge(self, findings: Findings, now: datetime) -> Verdict:
        """The verdict for this customer: it refuses, or is `disputed`, or nothing of it counts."""
        mine = tuple(match for match in findings.matches if self.takes(match.list_name))
        return judge(replace(findings, matches=mine), self.policy, now)

    def narrowed(self, categories: Iterable[str], lists: Iterable[str]) -> Offer:
        """The same with these alone; all where there are none.

        Raises `NotOffered` for one that does not count anyway: to leave it out would be a silent miss.
        """
        wanted, named = frozenset(one.lower() for one in categories), frozenset(lists)
        if unknown := wanted - self.categories():
            raise NotOffered(f"categories that do not count: {', '.join(sorted(unknown))[:200]}")
        if others := [name for name in named if not self.takes(name)]:
            raise NotOffered(f"lists that do not count: {', '.join(sorted(others))[:200]}")
        trust = self.policy.trust
        kept = _only(trust, wanted) if wanted else trust
        return Offer(replace(self.policy, trust=kept), named or self.lists)

    def categories(self) -> frozenset[str]:
        """Those that count on some list."""
        trust = self.policy.trust
        rules = [trust.ceilings, *(own for name, own in trust.by_list.items() if self.takes(name))]
        return frozenset(name for rule in rules for name, action in rule.items() if action.refuses)


def offer_of(policy: Policy, categories: Iterable[str], lists: Iterable[str]) -> Offer:
    """All that `policy` holds or blocks, or of that what is named. Raises `NotOffered`."""
    trust = policy.trust
    held = replace(
        trust,
        ceilings=_holding(trust.ceilings),
        by_list={name: _holding(own) for name, own in trust.by_list.items()},
    )
    return Offer(replace(policy, trust=held)).narrowed(categories, lists)


@dataclass(frozen=True, slots=True)
class Customer:
    """One that asks, by the name of its site."""

    site: str
    offer: Offer
    quota: Quota


@dataclass(frozen=True, slots=True)
class Customers:
    """All that may ask."""

    by_site: Mapping[str, Customer]

    def of(self, site: str, key_id: str) -> Customer:
        """Raises `NotACustomer`."""
        customer = self.by_site.get(site)
        if customer is None:
            told = f"key {key_id} of {site} asks the check service, and there is no [customers.{site}]"
            raise NotACustomer(told, key_id, f"customers.{site}")
        return customer


def _only(trust: Trust, categories: frozenset[str]) -> Trust:
    return replace(
        trust,
        ceilings=_named(trust.ceilings, categories),
        by_list={name: _named(own, categories) for name, own in trust.by_list.items()},
    )


def _named(rules: Mapping[str, Action], categories: frozenset[str]) -> Mapping[str, Action]:
    return {name: action for name, action in rules.items() if name in categories}


def _holding(rules: Mapping[str, Action]) -> Mapping[str, Action]:
    # A rule stays, as one that ignores: without it the list's category would fall under the general one.
    return {name: action if action.refuses else Action.ALLOW for name, action in rules.items()}
