"""POST and GET /v1/outcomes, GET /v1/customers/figures, as customers and those who review ask them."""

from __future__ import annotations

from itertools import count

import pytest

from tests.sidecar.api.conftest import Service
from tests.sidecar.machines import Machine
from upload_guard.audit.opening import open_audited
from upload_guard.customers.hits import AnsweredHit
from upload_guard.customers.opening import hits_in
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import Signal, SignalType
from upload_guard.storage.vault_tables import AuditRow

NAMES = count(1)


@pytest.fixture
def name() -> str:
    return f"customer-{next(NAMES)}"


@pytest.fixture
def customer(service: Service, name: str) -> Machine:
    return service.key(Scope.SERVICE, site=name)


def had_hits(service: Service, site: str, number: int = 1) -> tuple[str, ...]:
    hits = hits_in(service.settings, open_audited(service.settings))
    answers = [AnsweredHit((signal(at),), "baseline") for at in range(number)]
    return hits.note(site, answers)


def signal(number: int) -> Signal:
    return Signal(SignalType.MD5, bytes([number]) * 16)


def test_a_customer_tells_by_hit_or_by_hash_and_has_none_open(
    service: Service, customer: Machine, name: str
) -> None:
    first, second = had_hits(service, name, 2)
    still = customer.get("/v1/outcomes").get_json()
    assert {hit["hit"] for hit in still["hits"]} == {first, second}
    told = [
        {"hit": first, "outcome": "removed"},
        {"hash": {"type": "md5", "value": signal(1).value.hex()}, "outcome": "false_positive"},
    ]
    answer = customer.ask("/v1/outcomes", {"outcomes": told})
    assert (answer.status_code, answer.get_json()) == (200, {"known": [True, True]})
    assert customer.get("/v1/outcomes").get_json() == {"hits": [], "next": None}


def test_each_change_stands_in_the_audit_log_under_its_key(
    service: Service, customer: Machine, name: str
) -> None:
    (hit,) = had_hits(service, name)
    told = {"outcomes": [{"hit": hit, "outcome": "escalated"}]}
    customer.ask("/v1/outcomes", told)
    customer.ask("/v1/outcomes", told)
    with open_audited(service.settings).session() as session:
        acts = [row for row in session.query(AuditRow) if row.details.get("hit") == hit]
    assert [(row.person, row.act, row.details["outcome"]) for row in acts] == [
        (f"key {customer.key.key_id}", "hit.outcome", "escalated")
    ]


def test_another_customer_learns_nothing_and_changes_nothing(
    service: Service, customer: Machine, name: str
) -> None:
    (hit,) = had_hits(service, name)
    other = service.key(Scope.SERVICE, site="somebody-else")
    told = [{"hit": hit, "outcome": "removed"}, {"hit": "0" * 32, "outcome": "removed"}]
    assert other.ask("/v1/outcomes", {"outcomes": told}).get_json() == {"known": [False, False]}
    assert len(customer.get("/v1/outcomes").get_json()["hits"]) == 1
    assert other.get("/v1/outcomes").get_json()["hits"] == []


def test_open_hits_come_in_pages(service: Service, customer: Machine, name: str) -> None:
    ids = set(had_hits(service, name, 3))
    first = customer.get("/v1/outcomes?limit=2").get_json()
    rest = customer.get(f"/v1/outcomes?limit=2&after={first['next']}").get_json()
    assert {hit["hit"] for hit in first["hits"] + rest["hits"]} == ids
    assert rest["next"] is None


@pytest.mark.parametrize(
    "body",
    [{}, {"outcomes": []}, {"outcomes": [{"outcome": "removed"}]}],
    ids=["nothing", "none", "nameless"],
)
def test_what_names_no_hit_is_refused(customer: Machine, body: object) -> None:
    assert customer.ask("/v1/outcomes", body).status_code == 422


def test_a_sites_own_key_tells_no_outcomes_and_a_customers_key_sees_no_figures(
    service: Service, customer: Machine
) -> None:
    assert service.site.get("/v1/outcomes").status_code == 403
    assert customer.get("/v1/customers/figures").status_code == 403


def test_those_who_review_see_how_each_customer_stands(
    service: Service, customer: Machine, name: str
) -> None:
    first, *_rest = had_hits(service, name, 2)
    customer.ask("/v1/outcomes", {"outcomes": [{"hit": first, "outcome": "quarantined"}]})
    answer = service.admin.get(f"/v1/customers/figures?customer={name}").get_json()
    (month,) = answer["months"]
    assert answer["deadline_hours"] == 24.0
    assert (month["hits"], month["followed_up_in_time"], month["open"], month["open_and_late"]) == (
        2,
        1,
        1,
        0,
    )
    assert month["share_in_time"] == 1.0
    assert month["median_minutes"] == 0
