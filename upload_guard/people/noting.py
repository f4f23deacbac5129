"""What is noted of persons in the audit log: also while that is read-only, and so that nobody floods it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from upload_guard.errors import AuditBroken
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.people_tables import NotedRefusal

log = logging.getLogger(__name__)

NOTED_EVERY = timedelta(hours=1)


def note_even_so(session: Session, act: Act) -> None:
    """Note what must happen even where it cannot be noted, such as that somebody is shut out."""
    try:
        note_act(session, act)
    except AuditBroken as fault:
        log.warning("ALARM: %s: %s, and that is not noted: %s", act.person, act.name, fault)


def note_once_an_hour(session: Session, name: str, act: Act, now: datetime) -> bool:
    """Note `act`, unless one of this `name` was in the hour before; whether it was noted."""
    mine = NotedRefusal.name == name[:160]
    # Only read at first, so that a loop costs no disk.
    last = session.scalar(select(NotedRefusal.at).where(mine))
    if last is not None and now - last < NOTED_EVERY:
        return False
    # From this on the rows are this transaction's own, and of two at once one finds what the other wrote.
    session.execute(delete(NotedRefusal).where(NotedRefusal.at <= now - NOTED_EVERY))
    if session.scalar(select(NotedRefusal.at).where(mine)) is not None:
        return False
    session.execute(insert(NotedRefusal).values(name=name[:160], at=now))
    note_even_so(session, act)
    return True
