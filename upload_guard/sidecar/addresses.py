"""Where a request came from, as far as that can be told."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from upload_guard.settings import Settings


def network_of(peer: str) -> str:
    """What one customer has: an IPv4 address, the /64 of an IPv6 one. Empty for what is no address."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        # As a socket that listens to both sees them: all of IPv4 is in one /64 otherwise.
        address = address.ipv4_mapped
    return str(address if address.version == 4 else ipaddress.ip_network((int(address), 64), strict=False))


def came_from(environ: Mapping[str, Any], settings: Settings) -> str:
    """The network of whoever sits before the browser; empty where only a proxy is seen.

    Only what the proxies of one's own have appended to X-Forwarded-For counts, the rest anybody can write.
    """
    hops = settings.review.proxies
    if hops:
        named = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        return network_of(named[-hops].strip()) if len(named) >= hops else ""
    return "" if settings.sidecar.tls == "proxy" else network_of(str(environ.get("REMOTE_ADDR", "")))
