"""Options of checks by customers who may not tell which hashes they ask about."""

from __future__ import annotations

from pydantic import Field

from upload_guard.sections import Section


class PrivateSettings(Section):
    """How much one machine key may ask, and how long the key of the oblivious function is used."""

    evaluations_per_day: int = Field(default=10_000, ge=1, le=1_000_000_000)
    rotate_days: int = Field(default=30, ge=1, le=3650)
