"""Options of notices that come in: how long one may take, which addresses are files of which site."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import ByteSize, Field, StringConstraints, field_validator, model_validator

from upload_guard.oidc_settings import is_safe
from upload_guard.sections import Section

_PLACE = re.compile(r"/.*|s3://[a-z0-9][a-z0-9.-]{1,62}(/.*)?")
SiteKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class IncomingSiteSettings(Section):
    """Which file of a site an address names: by `paths` (beginning of an address -> folder or bucket), by its
    WordPress, or by a `hook` of one's own.
    """

    paths: Mapping[str, str] = Field(default_factory=dict)
    ignore_case: bool = False
    wordpress: str = ""
    hook: Annotated[str, StringConstraints(pattern=r"^([A-Za-z_][\w.]*:[A-Za-z_]\w*)?$")] = ""

    @field_validator("paths")
    @classmethod
    def _lead_from_addresses_to_places(cls, paths: Mapping[str, str]) -> Mapping[str, str]:
        for url, place in paths.items():
            if not _is_beginning(url):
                raise ValueError(f'addresses such as "https://example.org/media/", ending in /; not {url!r}')
            if not _PLACE.fullmatch(place) or ".." in PurePosixPath(place).parts:
                raise ValueError(f"whole paths of folders, or s3://BUCKET/PREFIX; not {place!r}")
        return paths

    @field_validator("wordpress")
    @classmethod
    def _is_private(cls, url: str) -> str:
        if url and not is_safe(url):
            raise ValueError('an address such as "https://blog.example.org" (http on loopback only)')
        return url

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not (self.paths or self.wordpress or self.hook):
            raise ValueError("a table with paths, wordpress or hook")
        return self


class IncomingSettings(Section):
    """What is done with notices that come in. `act`: what the policy refuses is taken away at once."""

    hours: float = Field(default=24.0, gt=0, le=24 * 365, allow_inf_nan=False)
    act: bool = False
    receipts: bool = True
    form: bool = False
    fetch: bool = False
    max_fetch: ByteSize = Field(default=ByteSize(64 << 20), ge=1024, le=4 << 30)
    fetch_seconds: float = Field(default=60.0, gt=0, le=600, allow_inf_nan=False)
    trusted: tuple[Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = ()
    contact: Annotated[str, StringConstraints(max_length=200)] = ""
    sites: dict[SiteKey, IncomingSiteSettings] = Field(default_factory=dict)


def _is_beginning(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    bare = not (parts.query or parts.fragment or "@" in parts.netloc)
    return parts.scheme in {"http", "https"} and named and bare and url.endswith("/")
