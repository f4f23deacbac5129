"""Options of the pages for people, and of how they log in."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ByteSize, Field, field_validator, model_validator

from upload_guard.oidc_settings import OidcSettings, is_safe
from upload_guard.sections import Section


def an_origin(url: str) -> str:
    """`url`, which may be empty. Raises `ValueError` where it is not an address without a path."""
    if url and (not is_safe(url) or url.count("/") > 2):
        raise ValueError('an address without a path, such as "https://guard.example.org"')
    return url


class ReviewSettings(Section):
    """The pages under /review. `url` is where browsers find this service, such as "https://guard.example.org".

    `proxies`: how many proxies in front of the sidecar each add to X-Forwarded-For; without, the address of
    whoever logs in is that of the connection.
    """

    enabled: bool = True
    url: str = ""
    language: Literal["en", "nl"] = "en"
    totp: Literal["required", "optional"] = "required"
    idle_minutes: float = Field(default=30.0, gt=0, le=24 * 60, allow_inf_nan=False)
    session_hours: float = Field(default=12.0, gt=0, le=24 * 7, allow_inf_nan=False)
    wrong_passwords: int = Field(default=5, ge=1, le=100)
    lock_out: float = Field(default=900.0, ge=1, le=86400, allow_inf_nan=False)
    proxies: int = Field(default=0, ge=0, le=10)
    oidc: OidcSettings = OidcSettings()

    @field_validator("url")
    @classmethod
    def _is_an_origin(cls, url: str) -> str:
        return an_origin(url)

    @model_validator(mode="after")
    def _can_be_come_back_to(self) -> Self:
        if self.oidc.issuer and not self.url:
            raise ValueError("given url too, where oidc.issuer is: it is where people come back to")
        return self


class PublicSettings(Section):
    """What is the same on all pages for strangers, under /public; which there are is said elsewhere.

    `url` is where strangers find them, for links in letters; without, that of the pages for people.
    """

    url: str = ""
    forms_per_hour: int = Field(default=10, ge=1, le=10_000)
    pages_per_hour: int = Field(default=300, ge=1, le=100_000)
    max_form: ByteSize = Field(default=ByteSize(64 << 10), ge=1 << 10, le=1 << 20)

    @field_validator("url")
    @classmethod
    def _is_an_origin(cls, url: str) -> str:
        return an_origin(url)
