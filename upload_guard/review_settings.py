"""Options of the pages for people, and of how they log in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from upload_guard.sections import Section

RoleName = Literal["viewer", "reviewer", "list_manager", "administrator"]


class ReviewSettings(Section):
    """The pages under /review.

    `proxies`: how many proxies in front of the sidecar each add to X-Forwarded-For; without, the address of
    whoever logs in is that of the connection.
    """

    enabled: bool = True
    language: Literal["en", "nl"] = "en"
    totp: Literal["required", "optional"] = "required"
    reveal_roles: tuple[RoleName, ...] = ("reviewer", "administrator")
    idle_minutes: float = Field(default=30.0, gt=0, le=24 * 60, allow_inf_nan=False)
    session_hours: float = Field(default=12.0, gt=0, le=24 * 7, allow_inf_nan=False)
    wrong_passwords: int = Field(default=5, ge=1, le=100)
    lock_out: float = Field(default=900.0, ge=1, le=86400, allow_inf_nan=False)
    proxies: int = Field(default=0, ge=0, le=10)
