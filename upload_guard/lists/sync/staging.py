"""What an exchange has said of its list so far: one SQLite file a list, changed page by page.

A page and its checkpoint are one transaction, on disk before the next page is asked for: whenever the process
is killed, the file holds what its checkpoint says. SQLite, since a withdrawal names a record among millions.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from upload_guard.errors import StagingDamaged, StorageFailed
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.formats.base import named_type
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.records import SignalType

_TABLES = """
CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS held (record INTEGER NOT NULL, type TEXT, value BLOB, category TEXT);
CREATE TABLE IF NOT EXISTS said (identity TEXT NOT NULL, checkpoint TEXT NOT NULL, content BLOB NOT NULL);
"""
# Made when something is first withdrawn: a list that comes whole has no use for them, and they are slow.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS held_record ON held (record)",
    "CREATE INDEX IF NOT EXISTS held_value ON held (value)",
)
_NOTHING = bytes(32)

Accept = Callable[[Iterable[ListedHash]], Iterator[ListedHash]]


class Staging:
    """One open file. Raises `StorageFailed`, of which `StagingDamaged` where it must be begun anew."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.executescript(_TABLES)
        if connection.execute("SELECT count(*) FROM said").fetchone() == (0,):
            connection.execute("INSERT INTO said VALUES ('', '', ?)", (_NOTHING,))

    @property
    def identity(self) -> str:
        return str(self._said("identity"))

    @property
    def checkpoint(self) -> str:
        return str(self._said("checkpoint"))

    @property
    def content(self) -> bytes:
        """Names what is held, in whichever order it came: the sum of the digests of all hashes."""
        content = self._said("content")
        if not isinstance(content, bytes):
            raise _damaged()
        return content

    def begin(self, identity: str) -> None:
        """Forget everything: what comes is of this identity."""
        with self._transaction():
            self._clear()
            self._connection.execute("UPDATE said SET identity = ?, checkpoint = ''", (identity,))

    def lose_checkpoint(self) -> None:
        """Begin from the start; what is held stays until the first page comes."""
        with self._transaction():
            self._connection.execute("UPDATE said SET checkpoint = ''")

    @contextmanager
    def page(self, page: Page, accept: Accept) -> Iterator[frozenset[ListedHash]]:
        """Take a page in; it is kept when the block ends and undone by any exception.

        Gives the hashes that were held and by this page no longer are, without their category: none where the
        list begins anew, as only the last page shows what is gone. `accept` sees every hash.
        """
        with self._transaction():
            if page.anew or not self.checkpoint:
                self._clear()
            gone = set()
            for key in page.withdrawn:
                gone |= self._forget(key)
            for record in page.records:
                gone |= self._forget(record.key)
                self._hold(record, accept)
            self._connection.execute("UPDATE said SET checkpoint = ?", (page.checkpoint,))
            yield frozenset(ListedHash(kind, value) for kind, value in gone if not self.holds(kind, value))

    def hashes(self) -> Iterator[ListedHash]:
        """Everything held. Raises `StagingDamaged` at the end where that is not what was written."""
        content = 0
        for kind, value, category in self._connection.execute("SELECT type, value, category FROM held"):
            content += _digest(kind, value, category)
            try:
                yield ListedHash(named_type(kind), value, category)
            except ValueError:
                raise _damaged() from None
        if _bytes(content) != self.content:
            raise _damaged()

    def holds(self, kind: SignalType, value: bytes) -> bool:
        """Whether any record has this hash."""
        self._index()
        found = self._connection.execute(
            "SELECT 1 FROM held WHERE value = ? AND type = ? LIMIT 1", (value, kind.value)
        )
        return found.fetchone() is not None

    def _said(self, column: str) -> str | bytes:
        value: str | bytes = self._connection.execute(f"SELECT {column} FROM said").fetchone()[0]  # noqa: S608
        return value

    def _clear(self) -> None:
        for statement in ("DELETE FROM held", "DELETE FROM records"):
            self._connection.execute(statement)
        self._connection.execute("UPDATE said SET content = ?", (_NOTHING,))

    def _forget(self, key: str) -> set[tuple[SignalType, bytes]]:
        found = self._connection.execute("SELECT id FROM records WHERE key = ?", (key,)).fetchone()
        if found is None:
            return set()
        self._index()
        rows = self._connection.execute("SELECT type, value, category FROM held WHERE record = ?", found)
        gone = rows.fetchall()
        self._connection.execute("DELETE FROM held WHERE record = ?", found)
        self._connection.execute("DELETE FROM records WHERE id = ?", found)
        self._add_to_content(-sum(_digest(*row) for row in gone))
        return {(SignalType(kind), value) for kind, value, _ in gone}

    def _hold(self, record: Record, accept: Accept) -> None:
        added = 0

        def rows() -> Iterator[tuple[int | None, str, bytes, str]]:
            nonlocal added
            for one in accept(record.hashes):
                added += _digest(one.signal_type.value, one.value, one.category)
                yield number, one.signal_type.value, one.value, one.category

        number = self._connection.execute("INSERT INTO records (key) VALUES (?)", (record.key,)).lastrowid
        self._connection.executemany("INSERT INTO held VALUES (?, ?, ?, ?)", rows())
        self._add_to_content(added)

    def _index(self) -> None:
        for statement in _INDEXES:
            self._connection.execute(statement)

    def _add_to_content(self, more: int) -> None:
        content = _bytes(int.from_bytes(self.content, "big") + more)
        self._connection.execute("UPDATE said SET content = ?", (content,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            # A full disk has undone it already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


@contextmanager
def open_staging(file: Path) -> Iterator[Staging]:
    """The file of one list, made if it is missing; one process at a time. One that is damaged is removed."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            file.chmod(0o600)
            connection.execute("PRAGMA synchronous = FULL")
            yield Staging(connection)
    except StagingDamaged:
        file.unlink(missing_ok=True)
        raise
    except sqlite3.OperationalError as error:
        raise StorageFailed(f"{file}: {error}") from error
    except sqlite3.DatabaseError as error:
        file.unlink(missing_ok=True)
        raise StagingDamaged(f"{file}: {error}; the list is fetched again from the start") from error
    except OSError as error:
        raise StorageFailed(f"{file}: {error.strerror}") from error


def _damaged() -> StagingDamaged:
    return StagingDamaged("what was fetched of the list is damaged on disk; the next run fetches it again")


def _digest(kind: str, value: bytes, category: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{kind} {category} ".encode() + value).digest(), "big")


def _bytes(content: int) -> bytes:
    return (content % (1 << 256)).to_bytes(32, "big")
