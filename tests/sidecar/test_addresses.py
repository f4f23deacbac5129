"""Where a request came from."""

from __future__ import annotations

import pytest

from upload_guard.settings import Settings
from upload_guard.sidecar.addresses import came_from, network_of


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_a_customer_has_one_ipv4_address_or_64_bits_of_ipv6(peer: str, network: str) -> None:
    assert network_of(peer) == network


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "10.9.9.9, 198.51.100.1", "198.51.100.1"),
        (2, "10.9.9.9, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", ""),
        (1, "nonsense", ""),
        (1, "", ""),
        (0, "198.51.100.1", ""),
    ],
)
def test_only_what_one_s_own_proxies_appended_counts(proxies: int, forwarded: str, address: str) -> None:
    settings = Settings.model_validate({"sidecar": {"tls": "proxy"}, "review": {"proxies": proxies}})
    environ = {"HTTP_X_FORWARDED_FOR": forwarded, "REMOTE_ADDR": "10.0.0.1"}
    assert came_from(environ, settings) == address


def test_without_a_proxy_it_is_the_peer() -> None:
    environ = {"HTTP_X_FORWARDED_FOR": "198.51.100.1", "REMOTE_ADDR": "192.0.2.7"}
    assert came_from(environ, Settings()) == "192.0.2.7"
