"""Which of an exchange's records a hash stands in, for whoever has something to say of them there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from upload_guard.errors import StorageFailed
from upload_guard.records import SignalType

_HOLDING = (
    "SELECT DISTINCT key FROM records JOIN held ON held.record = records.id "
    "WHERE held.value = ? AND held.type = ? ORDER BY records.id LIMIT ?"
)


def keys_holding(staging: Path, kind: SignalType, value: bytes, most: int = 20) -> tuple[str, ...]:
    """The keys of records with this hash, in a file of `staging`; none where that is not there.

    Read only, beside a run that may write it. Raises `StorageFailed`.
    """
    if not staging.exists():
        return ()
    try:
        address = f"file:{quote(str(staging))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return tuple(key for (key,) in connection.execute(_HOLDING, (value, kind.value, most)))
    except sqlite3.Error as error:
        raise StorageFailed(f"{staging}: {error}") from error
