"""Notices as tests have them come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from upload_guard.notices.incoming import Channel, Incoming, Told, Wording

EMAIL = "teller@example.org"


@dataclass(slots=True)
class Clock:
    """A moment that moves when it is told to."""

    at: datetime = datetime(2026, 11, 26, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


def notice_of(
    *urls: str,
    reasons: str = "this should not be there",
    reference: str = "",
    email: str = EMAIL,
    complete: bool = True,
    may_answer: bool = True,
    received_at: datetime = datetime(2026, 11, 26, 12, tzinfo=UTC),
    language: str = "",
    hashes: tuple[str, ...] = (),
) -> Incoming:
    return Incoming(
        channel=Channel.MAIL,
        received_at=received_at,
        told=Told("A. Teller", email),
        wording=Wording.FREE,
        reference=reference,
        reasons=reasons,
        urls=urls,
        complete=complete,
        may_answer=may_answer,
        language=language,
        hashes=hashes,
    )
