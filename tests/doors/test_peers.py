"""Who asks, and how often it may."""

from __future__ import annotations

import ipaddress
import os
import socket

import pytest

from upload_guard.doors.peers import Allowance, Peer, peer_of
from upload_guard.errors import TooManyChecks


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def spent(allowance: Allowance, peer: Peer, tries: int) -> int:
    """How many of so many tries were allowed."""
    allowed = 0
    for _ in range(tries):
        try:
            allowance.spend(peer)
        except TooManyChecks:
            continue
        allowed += 1
    return allowed


def test_a_peer_may_ask_a_burst_at_once_and_then_as_often_as_the_rate_says() -> None:
    clock = Clock()
    allowance = Allowance(per_minute=60, burst=10, clock=clock)
    one = Peer("uid 33")
    assert spent(allowance, one, 100) == 10
    clock.now += 3
    assert spent(allowance, one, 100) == 3
    clock.now += 3600
    assert spent(allowance, one, 100) == 10


def test_peers_do_not_spend_what_is_another_s() -> None:
    allowance = Allowance(per_minute=1, burst=2, clock=Clock())
    assert spent(allowance, Peer("uid 33"), 5) == 2
    assert spent(allowance, Peer("uid 34"), 5) == 2


def test_coming_with_many_names_does_not_fill_a_spent_bucket() -> None:
    clock = Clock()
    allowance = Allowance(per_minute=60, burst=2, clock=clock)
    assert spent(allowance, Peer("uid 33"), 5) == 2
    for number in range(5000):
        clock.now += 0.0001
        spent(allowance, Peer(f"10.0.{number}"), 1)
    assert spent(allowance, Peer("uid 33"), 5) == 0
    clock.now += 60
    spent(allowance, Peer("another"), 1)
    assert len(allowance._buckets) < 10, "what is full again need not be remembered"


def test_a_local_peer_is_known_by_its_user() -> None:
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        assert peer_of(here) == Peer(f"uid {os.getuid()}")
        assert peer_of(here).is_in([])


@pytest.mark.parametrize(
    ("address", "network", "inside"),
    [
        ("127.0.0.1", "127.0.0.0/8", True),
        ("192.0.2.7", "127.0.0.0/8", False),
        ("192.0.2.7", "192.0.2.0/24", True),
        ("2001:db8::1", "192.0.2.0/24", False),
    ],
)
def test_a_distant_peer_is_let_in_by_its_address(address: str, network: str, inside: bool) -> None:
    peer = Peer(address, ipaddress.ip_address(address))
    assert peer.is_in([ipaddress.ip_network(network)]) is inside


def test_an_ipv4_peer_at_an_ipv6_socket_has_its_ipv4_address() -> None:
    with socket.socket(socket.AF_INET6) as listening:
        try:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listening.bind(("::", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        listening.listen()
        with socket.create_connection(("127.0.0.1", listening.getsockname()[1])):
            accepted, _ = listening.accept()
            with accepted:
                assert peer_of(accepted).name == "127.0.0.1"
