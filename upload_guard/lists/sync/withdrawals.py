"""What an exchange withdraws stops acting at once, by a retraction, and acts again once it is listed again.

A new version without it takes minutes to build where lists are long, and may wait for a person. Retractions
are made in the name of the exchange, so that those of people stay theirs, whatever it lists again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import UTC, datetime

from upload_guard.lists.changes import Addition, record_changes, retractions
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.gate.aside import acting_entries
from upload_guard.lists.lookup import found, version_of
from upload_guard.lists.orders import active_version
from upload_guard.lists.store import ListStore
from upload_guard.lists.sync.staging import Staging

log = logging.getLogger(__name__)

# No person is called so.
PERSON = "(exchange)"
# Whoever checks compares with retractions one by one; more than these come with the next version.
_MOST = 5000


class Withdrawals:
    """What one run withdraws of the list `name`."""

    def __init__(self, store: ListStore, name: str) -> None:
        self._store = store
        self._name = name
        self._active = next((one for one in store.versions() if one.list_name == name and one.active), None)
        self._total = self._since(self._active.imported_at) if self._active else 0
        self._told = False

    def retract(self, gone: Collection[ListedHash]) -> None:
        """Retract `gone`, unless the active version would lose half: that the gate shows to a person."""
        if not gone or self._active is None:
            return
        self._total += len(gone)
        if self._total > _MOST or self._total * 2 >= self._active.entries:
            self._tell(self._active.entries)
            return
        with self._store.database.session() as session:
            hash_list = found(session, self._name)
            known = retractions(session, hash_list)
            fresh = [one for one in gone if (one.signal_type, one.value) not in known]
            record_changes(session, hash_list, fresh, None, PERSON, datetime.now(UTC))

    def _since(self, imported_at: datetime) -> int:
        """How many were retracted by runs that made no version: each might have failed on purpose."""
        with self._store.database.session() as session:
            known = retractions(session, found(session, self._name))
        return sum(one.person == PERSON and one.at > imported_at for one in known.values())

    def _tell(self, acting: int) -> None:
        if not self._told:
            log.warning(
                "ALARM: list %r: its exchange withdraws very many of %d hashes: the next version decides",
                self._name,
                acting,
            )
        self._told = True


def let_act_again(store: ListStore, name: str, staging: Staging) -> None:
    """Take back those retractions whose hashes are listed again and in the active version.

    What the gate put aside of the version stays so.
    """
    with store.database.session() as session:
        hash_list = found(session, name)
        known = retractions(session, hash_list)
        ours = {hashed for hashed, one in known.items() if one.person == PERSON}
        again = {hashed for hashed in ours if staging.holds(*hashed)}
        version = active_version(session, store.folder, hash_list)
    if not again or version is None:
        return
    back = [
        ListedHash(entry.signal_type, entry.value, entry.category)
        for entry in acting_entries(version)
        if (entry.signal_type, entry.value) in again
    ]
    with store.database.session() as session:
        hash_list = found(session, name)
        addition = Addition(version_of(hash_list, version.number), "")
        record_changes(session, hash_list, back, addition, PERSON, datetime.now(UTC))
