"""How the outbox stands, for those who look after it: what waits, what fails, what was given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from upload_guard.outbox.messages import MessageKind, MessageState
from upload_guard.storage.database import Database
from upload_guard.storage.outbox_tables import OutboxMessage, OutboxRecipient

SHOWN = (MessageState.WAITING, MessageState.SENT, MessageState.GIVEN_UP)


@dataclass(frozen=True, slots=True)
class Failing:
    """One that could not be reached at the last try."""

    kind: MessageKind
    recipient: str
    since: datetime
    fault: str


@dataclass(frozen=True, slots=True)
class Standing:
    """`counts` are of messages that are remembered, by kind and state; zeros are named."""

    counts: Mapping[tuple[MessageKind, MessageState], int]
    failing: tuple[Failing, ...]

    @property
    def given_up(self) -> int:
        return sum(count for (_, state), count in self.counts.items() if state is MessageState.GIVEN_UP)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should wake somebody, as sentences that begin with a code."""
        told = [
            f"outbox_failing: no {one.kind} has reached {one.recipient} since "
            f"{one.since:%Y-%m-%d %H:%M} UTC: {one.fault}"
            for one in self.failing
        ]
        if self.given_up:
            told.append(
                f"outbox_given_up: {self.given_up} messages were given up ('upload-guard outbox list')"
            )
        return tuple(told)


def outbox_standing(database: Database) -> Standing:
    """As the rows have it now. Raises `StorageFailed`."""
    counted = select(OutboxMessage.kind, OutboxMessage.state, func.count()).group_by(
        OutboxMessage.kind, OutboxMessage.state
    )
    with database.session() as session:
        found = {(kind, state): count for kind, state, count in session.execute(counted)}
        rows = session.scalars(select(OutboxRecipient).order_by(OutboxRecipient.failing_since)).all()
    return Standing(
        counts={(kind, state): found.get((kind, state), 0) for kind in MessageKind for state in SHOWN},
        failing=tuple(Failing(MessageKind(row.kind), row.name, row.failing_since, row.fault) for row in rows),
    )
