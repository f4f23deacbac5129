"""Opens the database of an installation with its audit log."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

from upload_guard.audit.heads import HeadFile
from upload_guard.audit.log import AuditLog
from upload_guard.keyring import open_keyring
from upload_guard.settings import Settings
from upload_guard.storage.database import Database, open_database


def open_audited(settings: Settings) -> Database:
    """The rows of this machine; what people do is noted with them. Raises `StorageFailed`."""
    opened = open_database(settings.database_url, settings.database.lock_wait)
    return replace(opened, journal=audit_log(settings))


def audit_log(settings: Settings) -> AuditLog:
    return AuditLog(cache(partial(open_keyring, settings)), HeadFile(settings.audit_head_file))
