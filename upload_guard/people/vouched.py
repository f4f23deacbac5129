"""What goes back and forth where another service vouches for somebody."""

from __future__ import annotations

from dataclasses import dataclass

from upload_guard.people.roles import Role


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody on the way to the service: where to, and what has to come back, or go along."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the service vouched for; `role` is None where nothing it says gives one here."""

    subject: str
    name: str
    role: Role | None
