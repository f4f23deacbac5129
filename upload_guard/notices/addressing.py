"""Addresses as people write them: which of them mean the same."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
# IDNA allows 255 octets of a name; beyond it nothing is a host.
_LONGEST_HOST = 255


def url_key(url: str) -> bytes:
    """The same 32 bytes for addresses that differ in what no server sees or in the writing of the host."""
    return sha256(plain(url).encode("utf-8", "surrogatepass")).digest()


def plain(url: str) -> str:
    """Scheme and host in small letters and in ASCII, without default port, user and fragment.

    An address that cannot be read comes back as it was.
    """
    parts = split(url)
    if parts is None:
        return url.strip()
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{authority(parts)}{path}{query}"


def split(url: str) -> SplitResult | None:
    """The parts of a web address with a host; None for what is none."""
    try:
        parts = urlsplit(url.strip())
        named = parts.scheme in _DEFAULT_PORTS and parts.hostname and (parts.port or True)
    except ValueError:
        return None
    return parts if named else None


def authority(parts: SplitResult) -> str:
    """Host and, if it is not the scheme's own, port."""
    host = ascii_host(parts.hostname or "")
    shown = f"[{host}]" if ":" in host else host
    return shown if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{shown}:{parts.port}"


def ascii_host(host: str) -> str:
    """The name as DNS has it (IDNA 2003, RFC 3490); as it was where that cannot be said."""
    host = host.rstrip(".").lower()
    if host.isascii() or len(host) > _LONGEST_HOST:
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
