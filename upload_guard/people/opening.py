"""Builds what concerns persons from the settings of an installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from upload_guard.errors import ConfigError
from upload_guard.keyring import open_keyring
from upload_guard.people.attempts import Attempts, Limits
from upload_guard.people.log_in import CodesFor, LogIn
from upload_guard.people.passwords import Passwords
from upload_guard.people.people import People
from upload_guard.people.roles import Rights, Role
from upload_guard.people.sessions import SessionEnds, Sessions
from upload_guard.people.totp import Phones
from upload_guard.settings import Settings
from upload_guard.storage.database import Database

if TYPE_CHECKING:
    from upload_guard.people.oidc import Provider


@dataclass(frozen=True, slots=True)
class Gate:
    """Persons, what they are logged in with, their phones, and how they log in."""

    people: People
    sessions: Sessions
    phones: Phones
    log_in: LogIn


def open_gate(settings: Settings, database: Database) -> Gate:
    """`database` has a journal, since what persons do is noted. Raises `MasterKeyError`."""
    own = settings.review
    passwords, rights = Passwords(), Rights.of(settings.reveal.roles)
    people = People(database, passwords)
    ends = SessionEnds(timedelta(minutes=own.idle_minutes), timedelta(hours=own.session_hours))
    sessions = Sessions(database, rights, ends)
    phones = Phones(database, open_keyring(settings))
    attempts = Attempts(database, Limits(own.wrong_passwords, timedelta(seconds=own.lock_out)))
    codes = CodesFor(rights, own.totp == "required")
    log_in = LogIn(database, people, sessions, attempts, passwords, phones, codes)
    return Gate(people, sessions, phones, log_in)


def open_provider(settings: Settings) -> Provider | None:
    """The service that vouches for persons, if there is one. Raises `ConfigError` without the extra."""
    own = settings.review.oidc
    if not own.issuer:
        return None
    try:
        from upload_guard.people.oidc import Client, Provider
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"review.oidc takes {error.name}, which is not installed: pip install 'upload-guard[oidc]'"
        ) from error
    return Provider(
        Client(
            issuer=own.issuer,
            client_id=own.client_id,
            client_secret=own.client_secret.get_secret_value(),
            redirect_uri=f"{settings.review.url}/review/log-in/oidc/back",
            name_claim=own.name_claim,
            role_claim=own.role_claim,
            roles={value: Role(role) for value, role in own.roles.items()},
        )
    )
