"""A service that vouches for persons; tests/sidecar/review/test_vouching.py has one that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.people.vouching_service import CLIENT_ID, CLIENT_SECRET, Service, vouching_service
from upload_guard.demo.servers import free_port
from upload_guard.errors import LogInFailed, Unavailable
from upload_guard.people.oidc import Client, Provider
from upload_guard.people.roles import Role
from upload_guard.people.vouched import Vouched


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with vouching_service() as running:
        yield running


@pytest.fixture
def provider(service: Service) -> Provider:
    return Provider(
        Client(
            issuer=service.issuer,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_uri="http://127.0.0.1/back",
            name_claim="preferred_username",
            role_claim="groups",
            roles={"ug-admin": Role.ADMINISTRATOR, "ug-review": Role.REVIEWER},
        )
    )


def code_of(service: Service, url: str) -> str:
    """What somebody brings back from there."""
    return service.visit(url).partition("code=")[2].partition("&")[0]


def test_who_comes_back_is_known_by_issuer_and_subject(provider: Provider, service: Service) -> None:
    left = provider.depart()
    came = provider.arrive(left, left.state, code_of(service, left.url))
    assert came == Vouched(f"{service.issuer} 4711", "nora", Role.REVIEWER)


def test_the_first_role_of_the_settings_counts(provider: Provider, service: Service) -> None:
    service.claims |= {"groups": ["ug-review", "ug-admin"]}
    left = provider.depart()
    assert provider.arrive(left, left.state, code_of(service, left.url)).role is Role.ADMINISTRATOR
    service.claims |= {"groups": ["ug-review"]}


def test_another_state_is_not_even_asked_about(provider: Provider, service: Service) -> None:
    left = provider.depart()
    code = code_of(service, left.url)
    for state in ("", "another", left.state[:-1]):
        with pytest.raises(LogInFailed, match="not what was asked for"):
            provider.arrive(left, state, code)
    assert code not in service.redeemed


def test_a_code_is_worth_nothing_without_what_its_owner_kept(provider: Provider, service: Service) -> None:
    theirs, mine = provider.depart(), provider.depart()
    with pytest.raises(LogInFailed, match="the code was not taken"):
        provider.arrive(mine, mine.state, code_of(service, theirs.url))


def test_a_wrong_secret_is_told_apart_in_the_log_only(provider: Provider, service: Service) -> None:
    stranger = Provider(replace(provider.client, client_secret="guessed"))  # noqa: S106 - wrong
    left = stranger.depart()
    with pytest.raises(LogInFailed, match="invalid_client"):
        stranger.arrive(left, left.state, code_of(service, left.url))


def test_a_service_that_is_away_is_unavailable(provider: Provider) -> None:
    away = Provider(replace(provider.client, issuer=f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(Unavailable):
        away.depart()


def test_the_secret_is_not_shown(provider: Provider) -> None:
    assert CLIENT_SECRET not in repr(provider)
