"""Options of what goes out by itself: to sites, to administrators."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator

from upload_guard.list_settings import is_private
from upload_guard.sections import Section

NoticeEvent = Literal[
    "new_case",
    "appeal",
    "breaker",
    "list_held",
    "deadline",
    "audit",
    "no_list",
    "undelivered",
    "digest",
]


class OutboxSettings(Section):
    """For how long a message is tried before it is given up."""

    give_up_hours: float = Field(default=72.0, gt=0, le=24 * 30, allow_inf_nan=False)


class WebhookSettings(Section):
    """Where a site is told that a case of its own has changed."""

    url: str
    ca_file: Path | None = None
    timeout: float = Field(default=10.0, gt=0, le=60, allow_inf_nan=False)

    @field_validator("url")
    @classmethod
    def _is_private(cls, url: str) -> str:
        if not is_private(url):
            raise ValueError(_ADDRESS)
        return url

    def resolved_against(self, folder: Path) -> Self:
        """The same with relative paths counted from `folder`."""
        return self.model_copy(update={"ca_file": self.ca_file and folder / self.ca_file})


_ADDRESS = (
    'an address such as "https://blog.example.org/wp-json/upload-guard/v1/event" (http on loopback only)'
)


class NoticeSettings(Section):
    """Who is told what happened here, in which language; each target is an address as Apprise takes them."""

    targets: tuple[SecretStr, ...] = ()
    events: tuple[NoticeEvent, ...] = (
        "new_case",
        "appeal",
        "breaker",
        "list_held",
        "deadline",
        "audit",
        "no_list",
        "undelivered",
        "digest",
    )
    language: Literal["en", "nl"] = "en"
    group_minutes: float = Field(default=15.0, ge=0, le=24 * 60, allow_inf_nan=False)
    late_hours: float = Field(default=20.0, gt=0, le=24 * 365, allow_inf_nan=False)
    expiry_hours: float = Field(default=72.0, gt=0, le=24 * 365, allow_inf_nan=False)
    digest_hour: int = Field(default=7, ge=0, le=23)

    @field_validator("targets", mode="before")
    @classmethod
    def _are_addresses(cls, targets: Any) -> Any:
        if not isinstance(targets, list | tuple):
            raise ValueError('a list such as ["mailto://..."]')  # noqa: TRY004 - pydantic's way of saying it
        for target in targets:
            text = target.get_secret_value() if isinstance(target, SecretStr) else target
            if not isinstance(text, str) or "://" not in text:
                raise ValueError('a list of addresses such as "mailto://...", as Apprise takes them')
        return tuple(targets)
