"""What a scan is made of, from settings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from upload_guard import __version__
from upload_guard.compose import build_checker, build_policy
from upload_guard.compose.holdings import open_acting, trees_of
from upload_guard.compose.rules import rules_of
from upload_guard.errors import UsageError
from upload_guard.guard import Guard
from upload_guard.keyring import open_keyring
from upload_guard.records import EXACT_TYPES
from upload_guard.scan import buckets, folders
from upload_guard.scan.examining import Examiner
from upload_guard.scan.memory import Memory
from upload_guard.scan.records import Walk
from upload_guard.scan.rematching import KeyedEntries, Rematcher
from upload_guard.settings import Settings
from upload_guard.storage.database import Database, open_for_requests


@dataclass(frozen=True, slots=True)
class Manner:
    """As whose files, and for which `person`; `acting` on what is listed; `reread`: each file is read."""

    site: str
    acting: bool = False
    person: str = "scan"
    reread: bool = False


def walk_of(place: str, settings: Settings) -> Walk:
    """The walk through a folder, a file or "s3://BUCKET/PREFIX". Raises `UsageError`."""
    if place.startswith(buckets.SCHEME):
        if not urlsplit(place).netloc:
            raise UsageError(f"{place}: names no bucket; write s3://BUCKET or s3://BUCKET/PREFIX")
        return buckets.BucketWalk(place)
    path = Path(place)
    try:
        there = path.exists()
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror}") from error
    if not there:
        raise UsageError(f"{place}: there is no such file or folder")
    # What lies in our own folder is sealed, and changes while we look.
    return folders.FolderWalk(path.resolve(), frozenset({settings.data_dir.resolve()}))


def open_rows(settings: Settings) -> Database:
    """The rows of scans, over connections that stay open: chunks are written several times a second.

    Of a power cut's last moments the chunks are done again. Raises `StorageFailed`.
    """
    return open_for_requests(settings.database_url, settings.database.lock_wait)


def memory_of(settings: Settings, database: Database) -> Memory:
    """Raises `MasterKeyError`."""
    return Memory.of(database, open_keyring(settings), looked_by(settings))


def looked_by(settings: Settings) -> str:
    """Names all that decides which hashes a file has, and how near an entry counts."""
    deciding = f"{__version__} {rules_of(settings)} {settings.containers.model_dump_json()}"
    return hashlib.sha256(deciding.encode()).hexdigest()[:32]


def build_examiner(settings: Settings, manner: Manner) -> Examiner:
    """Raises `StorageFailed` and `MasterKeyError`.

    No check service is asked: a scan would send it every hash of the site at once.
    """
    database = open_rows(settings)
    memory = memory_of(settings, database)
    remembers = bool(settings.scan.remember_days)
    # Lists to come may hold any type, and the files should not have to be read again for them.
    checker = replace(build_checker(settings).alone(), digests=EXACT_TYPES)
    folder = settings.scan_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Examiner(
        database=database,
        guard=Guard(checker, None, build_policy(settings), settings.sandbox.request_seconds),
        checker=checker,
        memory=memory,
        rematcher=Rematcher(memory, KeyedEntries(folder, memory.key), checker.distances),
        openers={"file": folders.Files(trees_of(settings)), "s3": buckets.Objects(settings.spool_dir)},
        site=manner.site,
        person=manner.person,
        act=open_acting(settings).act if manner.acting else None,
        recalls=remembers and not manner.reread,
        remembers=remembers,
    )
