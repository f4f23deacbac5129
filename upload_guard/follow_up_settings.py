"""Options of a check service that looks after what became of its customers' hits."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from upload_guard.sections import Section


class FollowUpSettings(Section):
    """Within `hours` of a hit a customer should have done something; one is asked about after `ask_hours`."""

    hours: float = Field(default=24.0, gt=0, le=24 * 30, allow_inf_nan=False)
    ask_hours: float = Field(default=20.0, gt=0, le=24 * 30, allow_inf_nan=False)
    keep_days: int = Field(default=400, ge=31, le=3660)

    @model_validator(mode="after")
    def _asks_in_time(self) -> Self:
        if self.ask_hours > self.hours:
            raise ValueError("ask_hours of at most hours: later it would be of no use")
        return self
