"""Something about an installation that works and may well not be meant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caution:
    """`code` is a short word for machines; `told` says what is so, `advice` what to do about it."""

    code: str
    told: str
    advice: str
