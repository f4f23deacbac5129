"""How two versions of a list differ, by signal type and category."""

from __future__ import annotations

from upload_guard.errors import StorageFailed
from upload_guard.lists.bank.bank import BenignBank
from upload_guard.lists.entries import read_entries
from upload_guard.lists.gate.gate import Before, DiffRow, examine
from upload_guard.lists.lookup import found, version_of
from upload_guard.lists.orders import stored_version
from upload_guard.lists.store import ListStore
from upload_guard.matching.build import Batches


def difference(lists: ListStore, name: str, number: int, against: int) -> tuple[DiffRow, ...]:
    """What version `number` has and has not beside version `against`, as their files stand.

    Reads both whole, so it takes as long as the gate does. Raises `ListError` and `StorageFailed`.
    """
    with lists.database.session() as session:
        hash_list = found(session, name)
        old_row, new_row = version_of(hash_list, against), version_of(hash_list, number)
        old = stored_version(lists.folder, hash_list, old_row)
        new = stored_version(lists.folder, hash_list, new_row)
    before = Before(Batches(read_entries(old)), old_row.entries)
    try:
        return examine(Batches(read_entries(new)), before, BenignBank(), new.file.parent).rows
    except OSError as error:
        raise StorageFailed(f"{new.file.parent}: no room to compare: {error.strerror}") from error
