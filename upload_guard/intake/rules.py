"""How requests to one route are taken in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from upload_guard.intake.forms import FormLimits

ALL_CARRIERS = frozenset({"compressed", "urlencoded", "json", "xml", "text"})


class Forward(StrEnum):
    """What the application reads: the form rebuilt, or the very bytes where a signature covers them."""

    CANONICAL = "canonical"
    ORIGINAL = "original"


class Pieces(StrEnum):
    """What happens to uploads in pieces."""

    REFUSE = "refuse"
    PASS = "pass"  # noqa: S105 - no password
    ASSEMBLE = "assemble"


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """Bounds on one request and where its body is spooled. Sizes in bytes, times in seconds.

    `max_text` bounds what is searched as text, `max_inflated` what a compressed body may hold, `max_files`
    and `max_carried` how many files of one request are checked that were sent as such, and found in texts.
    """

    spool_dir: Path
    max_body: int
    max_text: int
    max_inflated: int
    max_files: int
    max_carried: int
    body_timeout: float
    form: FormLimits


@dataclass(frozen=True, slots=True)
class IntakeRule:
    """How the requests of a route are taken in.

    `takes_over_limit`: a body over `max_body` is taken in all the same, for a policy that lets it pass.
    """

    limits: IntakeLimits
    inspect: bool = True
    forward: Forward = Forward.CANONICAL
    pieces: Pieces = Pieces.REFUSE
    carriers: frozenset[str] = ALL_CARRIERS
    takes_over_limit: bool = False
