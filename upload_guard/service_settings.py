"""Options of the sidecar, of those who ask it, and of the keys between them."""

from __future__ import annotations

import ipaddress
import re
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from upload_guard.sections import Section

MASTER_KEY = re.compile(r"[0-9A-Fa-f]{64}")


class ServiceSettings(Section):
    """The sidecar to ask; without a `url` this process checks by itself."""

    url: str = ""
    connect_timeout: float = Field(default=1.0, gt=0, le=60)
    timeout: float = Field(default=10.0, gt=0, le=600)

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if url and not usable:
            raise ValueError('an address such as "http://127.0.0.1:8467", or "" to check in this process')
        return url.rstrip("/")

    @field_validator("timeout")
    @classmethod
    def _holds_the_connection(cls, timeout: float, info: ValidationInfo) -> float:
        least = info.data.get("connect_timeout", 0)
        if timeout < least:
            raise ValueError(f"at least service.connect_timeout ({least})")
        return timeout


class SidecarSettings(Section):
    """The HTTP service that `upload-guard serve` runs."""

    host: str = "127.0.0.1"
    port: int = Field(default=8467, ge=1, le=65535)
    workers: int = Field(default=2, ge=1, le=256)
    threads: int = Field(default=2, ge=1, le=256)

    @field_validator("host")
    @classmethod
    def _is_loopback(cls, host: str) -> str:
        # The service has no keys yet: whoever reaches it may check and fill the quarantine.
        if host == "localhost":
            return host
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise ValueError("a loopback address such as 127.0.0.1 or ::1, since the service has no keys yet")
        return host


class KeySettings(Section):
    """Where the master key comes from; without either it is a file in the data folder, made once."""

    master: SecretStr = SecretStr("")
    command: tuple[str, ...] = ()
    command_timeout: float = Field(default=10.0, gt=0, le=600, allow_inf_nan=False)

    @field_validator("master")
    @classmethod
    def _is_a_key(cls, master: SecretStr) -> SecretStr:
        secret = master.get_secret_value()
        if secret and not MASTER_KEY.fullmatch(secret):
            raise ValueError("64 hexadecimal digits, as `openssl rand -hex 32` prints them")
        return master

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.master.get_secret_value() and self.command:
            raise ValueError("one of keys.master and keys.command, not both")
        return self
