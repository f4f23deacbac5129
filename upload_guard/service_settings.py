"""Options of the sidecar, of those who ask it, and of the keys between them."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, ValidationInfo, field_validator, model_validator

from upload_guard.sections import Section
from upload_guard.signing import Credentials

MASTER_KEY = re.compile(r"[0-9A-Fa-f]{64}")


class ServiceSettings(Section):
    """The sidecar to ask; without a `url` this process checks by itself."""

    url: str = ""
    key_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    authority: Path | None = None
    connect_timeout: float = Field(default=1.0, gt=0, le=60)
    timeout: float = Field(default=10.0, gt=0, le=600)
    failures: int = Field(default=5, ge=1, le=1000)
    pause: float = Field(default=2.0, gt=0, le=60, allow_inf_nan=False)
    digests_first: bool = False

    @property
    def credentials(self) -> Credentials | None:
        return Credentials(self.key_id, self.secret.get_secret_value()) if self.key_id else None

    @field_validator("authority", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("secret")
    @classmethod
    def _goes_with_an_id(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        if bool(secret.get_secret_value()) != bool(info.data.get("key_id")):
            raise ValueError("given together with service.key_id, as 'upload-guard key new' shows them")
        return secret

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
    """The HTTP service that `upload-guard serve` runs.

    `tls`: "own" serves by `certificate`; "proxy" states that every connection comes through a proxy that has
    TLS towards the clients.
    """

    tls: Literal["none", "own", "proxy"] = "none"
    certificate: Path | None = None
    certificate_key: Path | None = None
    bearer: Literal["never", "loopback", "tls"] = "never"
    host: str = "127.0.0.1"
    port: int = Field(default=8467, ge=1, le=65535)
    workers: int = Field(default=2, ge=1, le=256)
    threads: int = Field(default=2, ge=1, le=256)
    timeout: int = Field(default=60, ge=1, le=3600)
    graceful_timeout: int = Field(default=70, ge=1, le=3600)
    keepalive: int = Field(default=30, ge=0, le=3600)
    max_requests: int = Field(default=0, ge=0)
    max_requests_jitter: int = Field(default=0, ge=0)
    backlog: int = Field(default=2048, ge=1, le=65535)
    sync: bool = True

    @field_validator("certificate", "certificate_key", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("bearer")
    @classmethod
    def _stays_secret(cls, bearer: str, info: ValidationInfo) -> str:
        tls = info.data.get("tls")
        if bearer == "tls" and tls == "none":
            raise ValueError('"never" or "loopback", or sidecar.tls must be "own" or "proxy"')
        # Behind a proxy every peer is the proxy, so that all the world would seem to be on loopback.
        if bearer == "loopback" and tls == "proxy":
            raise ValueError('"never" or "tls", since with sidecar.tls = "proxy" every peer is the proxy')
        return bearer

    @field_validator("host")
    @classmethod
    def _is_loopback_or_has_tls(cls, host: str, info: ValidationInfo) -> str:
        try:
            loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            raise ValueError("an address such as 127.0.0.1 or ::1") from None
        if not loopback and info.data.get("tls") == "none":
            raise ValueError(
                'a loopback address such as 127.0.0.1 or ::1, or sidecar.tls must be "own" or "proxy"'
            )
        return host

    @model_validator(mode="after")
    def _has_a_certificate(self) -> Self:
        given = bool(self.certificate and self.certificate_key)
        if given != (self.tls == "own") or bool(self.certificate) != bool(self.certificate_key):
            raise ValueError('given certificate and certificate_key both, just where sidecar.tls = "own"')
        return self


class KeySettings(Section):
    """Where the master key comes from; without either it is a file in the data folder, made once."""

    master: SecretStr = SecretStr("")
    previous: SecretStr = SecretStr("")
    command: tuple[str, ...] = ()
    command_timeout: float = Field(default=10.0, gt=0, le=600, allow_inf_nan=False)

    @field_validator("master", "previous")
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


class LimitSettings(Section):
    """How much one machine key may ask, and how much bad asking is listened to."""

    rate: float = Field(default=100.0, gt=0, le=1_000_000, allow_inf_nan=False)
    burst: int = Field(default=3000, ge=1, le=10_000_000)
    bad_signatures: int = Field(default=20, ge=1, le=1_000_000)
    lock_out: float = Field(default=300.0, ge=1, le=86400, allow_inf_nan=False)
