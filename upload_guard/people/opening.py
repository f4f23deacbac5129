"""Builds what concerns persons from the settings of an installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from upload_guard.people.attempts import Attempts, Limits
from upload_guard.people.log_in import LogIn
from upload_guard.people.passwords import Passwords
from upload_guard.people.people import People
from upload_guard.people.roles import Rights
from upload_guard.people.sessions import SessionEnds, Sessions
from upload_guard.settings import Settings
from upload_guard.storage.database import Database


@dataclass(frozen=True, slots=True)
class Gate:
    """Persons, what they are logged in with, and how they log in."""

    people: People
    sessions: Sessions
    log_in: LogIn


def open_gate(settings: Settings, database: Database) -> Gate:
    """`database` has a journal, since what persons do is noted."""
    own = settings.review
    passwords = Passwords()
    ends = SessionEnds(timedelta(minutes=own.idle_minutes), timedelta(hours=own.session_hours))
    sessions = Sessions(database, Rights.of(own.reveal_roles), ends)
    limits = Limits(own.wrong_passwords, timedelta(seconds=own.lock_out))
    log_in = LogIn(database, sessions, Attempts(database, limits), passwords)
    return Gate(People(database, passwords), sessions, log_in)
