"""Options of logging in by another service."""

from __future__ import annotations

import ipaddress
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from upload_guard.sections import Section

RoleName = Literal["viewer", "reviewer", "list_manager", "administrator"]


def is_safe(url: str) -> bool:
    """Whether nobody on the way can read or change what goes there."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return bool(host)
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


class OidcSettings(Section):
    """The service that vouches for persons; without an `issuer` there is none.

    `roles` maps a value of the claim `role_claim` to a role here; the first that somebody has counts.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    name_claim: str = Field(default="preferred_username", min_length=1)
    role_claim: str = Field(default="groups", min_length=1)
    roles: dict[str, RoleName] = Field(default_factory=dict)

    @field_validator("issuer")
    @classmethod
    def _is_safe(cls, issuer: str) -> str:
        if issuer and (not is_safe(issuer) or issuer != issuer.rstrip("/")):
            raise ValueError('an address such as "https://id.example.org/realms/main", as the service has it')
        return issuer

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.issuer and not (self.client_id and self.roles):
            raise ValueError("given client_id and roles too, where issuer is")
        return self
