"""What happens when an upload could not be read or could not be checked, and to what passed unchecked."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ByteSize, Field, field_validator

from upload_guard.sections import Section

FailureMode = Literal["closed", "open"]
UnreadMode = Literal["monitor", "quarantine"]
_CAUSES = ("unreachable", "timeout", "busy", "not_ready", "error", "over_limit")


class _Causes(Section):
    @field_validator(*_CAUSES, mode="before", check_fields=False)
    @classmethod
    def _is_no_hold(cls, mode: Any) -> Any:
        if mode in {"hold", "quarantine"}:
            raise ValueError(
                '"closed" or "open": holding takes a quarantine that has the file, and nobody took it'
            )
        return mode

    @property
    def opens(self) -> bool:
        """Whether any cause lets uploads pass unchecked."""
        return any(getattr(self, cause) == "open" for cause in _CAUSES)


class FailureSettings(_Causes):
    """What happens when an upload could not be read or could not be checked."""

    unscannable: UnreadMode = "quarantine"
    unreadable: UnreadMode = "monitor"
    unreachable: FailureMode = "closed"
    timeout: FailureMode = "closed"
    busy: FailureMode = "closed"
    not_ready: FailureMode = "closed"
    error: FailureMode = "closed"
    over_limit: FailureMode = "closed"
    retry_after: int = Field(default=30, ge=1, le=86400)


class RouteFailureSettings(_Causes):
    """What differs from `[failure]` on one route."""

    unscannable: UnreadMode | None = None
    unreadable: UnreadMode | None = None
    unreachable: FailureMode | None = None
    timeout: FailureMode | None = None
    busy: FailureMode | None = None
    not_ready: FailureMode | None = None
    error: FailureMode | None = None
    over_limit: FailureMode | None = None


class LateSettings(Section):
    """The queue of what passed unchecked.

    Beyond `max_bytes` it takes digests only; beyond `max_entries` nothing passes any more.
    """

    max_bytes: ByteSize = Field(default=ByteSize(1 << 30), ge=0)
    max_entries: int = Field(default=10_000, ge=1, le=1_000_000)
    max_age_hours: float = Field(default=72.0, gt=0, le=24 * 365, allow_inf_nan=False)
    on_late_match: str = Field(default="", pattern=r"^$|^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")
