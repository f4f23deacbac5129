"""The sections of the two old protocols, `[clamd]` and `[icap]`; both are off until an address is named."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any, Self

from pydantic import Field, IPvAnyNetwork, field_validator, model_validator

from upload_guard.sections import Section

_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class _DoorSection(Section):
    """What holds for both. Neither protocol has a login: `peers` are whom it trusts over TCP."""

    host: str = ""
    peers: tuple[IPvAnyNetwork, ...] = _LOOPBACK
    checks_per_minute: float = Field(default=600.0, gt=0, le=1e6, allow_inf_nan=False)
    burst: int = Field(default=100, ge=1, le=100_000)
    max_connections: int = Field(default=32, ge=1, le=1024)
    idle_seconds: float = Field(default=60.0, gt=0, le=3600, allow_inf_nan=False)
    read_seconds: float = Field(default=30.0, gt=0, le=3600, allow_inf_nan=False)

    @field_validator("host")
    @classmethod
    def _is_an_address(cls, host: str) -> str:
        try:
            return str(ipaddress.ip_address(host)) if host else ""
        except ValueError:
            raise ValueError('an IP address such as "127.0.0.1", or "" for none') from None

    @model_validator(mode="after")
    def _others_are_named(self) -> Self:
        if not self.host or ipaddress.ip_address(self.host).is_loopback:
            return self
        if not all(network.is_loopback for network in self.peers):
            return self
        raise ValueError("off loopback, name in `peers` who may connect: the protocol has no login")


class ClamdSettings(_DoorSection):
    """The protocol of ClamAV's daemon, on a unix socket; over TCP only if `host` is named."""

    socket: Path | None = None
    group: str = ""
    port: int = Field(default=3310, ge=1, le=65535)

    @field_validator("socket", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value


class IcapSettings(_DoorSection):
    """REQMOD of the Internet Content Adaptation Protocol, for proxies such as Squid."""

    port: int = Field(default=1344, ge=1, le=65535)
    max_connections: int = Field(default=128, ge=1, le=1024)
