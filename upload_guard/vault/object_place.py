"""Where sealed bytes lie: an object store, by any address that fsspec knows, such as s3://bucket/prefix.

Who may write there is the store's own matter (for S3: the environment, a profile or a role), so that no
secret stands in our settings.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from upload_guard.errors import ConfigError, StorageFailed
from upload_guard.vault.places import MARK

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """Objects below `url`. A store shows an object whole or not at all, so after the put comes the commit."""

    url: str

    @property
    def address(self) -> str:
        return self.url.rstrip("/")

    @property
    def settles_after(self) -> float:
        # Another machine may be writing it; how long that can take, no store says.
        return 3600.0

    def where(self, name: str) -> str:
        return f"{self.address}/{name[:2]}/{name}"

    def write(self, name: str, portions: Iterable[bytes]) -> None:
        self._write(self.where(name), portions)

    def _write(self, where: str, portions: Iterable[bytes]) -> None:
        with self._asked() as store:
            file = store.open(store._strip_protocol(where), "wb")
            try:
                for portion in portions:
                    file.write(portion)
            except BaseException:
                # Closing would store what has come so far.
                _give_up(file)
                raise
            file.close()

    def open(self, name: str) -> BinaryIO | None:
        with self._asked() as store:
            try:
                return cast("BinaryIO", store.open(self._path(store, name), "rb"))
            except FileNotFoundError:
                return None

    def holds(self, name: str) -> bool:
        with self._asked() as store:
            # What a listing once said may be gone.
            store.invalidate_cache()
            return bool(store.exists(self._path(store, name)))

    def refuse_missing(self) -> None:
        with self._asked() as store:
            store.invalidate_cache()
            # The bucket: a prefix is nothing of its own.
            outermost = self._path(store, "").partition("/")[0]
            if outermost and not store.exists(outermost):
                raise StorageFailed(f"vault {self.url}: there is no {outermost}, or it may not be read")

    def delete(self, name: str) -> None:
        with self._asked() as store:
            try:
                store.rm_file(self._path(store, name))
            except FileNotFoundError:
                return

    def clear(self) -> None:
        """Nothing: what was not put whole is not there."""

    def mark(self) -> str:
        with self._asked() as store:
            store.invalidate_cache()
            try:
                shown: bytes = store.cat_file(store._strip_protocol(f"{self.address}/{MARK}"))
            except (FileNotFoundError, PermissionError):
                # Of what is not there S3 says nothing else to whoever may not list.
                return ""
        return shown.decode("ascii", "replace").strip()

    def set_mark(self, mark: str) -> None:
        self._write(f"{self.address}/{MARK}", [mark.encode()])

    def probe(self) -> None:
        name = f"probe-{secrets.token_hex(8)}"
        self.write(name, [b"a probe"])
        self.delete(name)

    def _path(self, store: AbstractFileSystem, name: str) -> str:
        return str(store._strip_protocol(self.where(name)))

    @contextmanager
    def _asked(self) -> Iterator[AbstractFileSystem]:
        try:
            yield self._store()
        except (ConfigError, StorageFailed):
            raise
        except Exception as error:
            # Stores raise what they like: OSError, botocore's, aiohttp's.
            raise StorageFailed(f"vault {self.url}: {type(error).__name__}: {error}") from error

    def _store(self) -> AbstractFileSystem:
        """Asked for each time: fsspec keeps one a process, and makes a new one after a fork."""
        try:
            from fsspec.core import url_to_fs

            return url_to_fs(self.url)[0]
        except ImportError as error:
            raise ConfigError(
                f"quarantine.vault: {error}; 'pip install upload-guard[s3]' brings what S3 needs"
            ) from error
        except ValueError as error:
            raise ConfigError(f"quarantine.vault: {self.url}: {error}") from error


def object_place(url: str) -> ObjectPlace:
    """The place at `url`. Raises `ConfigError` where nothing here knows such addresses; asks nobody."""
    place = ObjectPlace(url)
    with place._asked():
        return place


def _give_up(file: Any) -> None:
    with suppress(AttributeError):
        file.discard()
    # Left open, it would close, and so commit, when it is collected.
    with suppress(AttributeError):
        file.closed = True
