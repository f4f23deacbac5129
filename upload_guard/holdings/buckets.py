"""Files in buckets: `s3://bucket/key`, the key as it is, by s3fs.

Who may read and delete there is the store's own matter (the environment, a profile, a role). Where a bucket
keeps versions, what is taken away is hidden and its old version stays: docs/removals.md.
"""

from __future__ import annotations

import hmac
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from upload_guard.digests import digest_of
from upload_guard.errors import (
    ChangedInPlace,
    ConfigError,
    GoneFromPlace,
    HoldingsUnreachable,
    UploadGuardError,
)
from upload_guard.holdings.holdings import Leftover, Standing
from upload_guard.records import Content

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# What a bucket may hold beside an object's bytes, as S3 takes it back (PutObject).
_HEADERS = ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage")


@dataclass(frozen=True, slots=True)
class Buckets:
    """`Holdings` of objects. Of what an object has besides its bytes, headers and metadata are put back.

    A store offers no taking by digest: an object that is replaced in the moment between the reading and the
    deleting goes. In buckets with versions it can be had back.
    """

    def look(self, locator: str) -> Standing:
        with _asked(locator) as (store, path):
            said = _head(store, path)
        headers = {name: said[name] for name in _HEADERS if said.get(name)}
        leftover = {"headers": headers, "metadata": dict(said.get("Metadata", {}))}
        modified = said.get("LastModified", datetime.fromtimestamp(0, UTC))
        return Standing(locator, int(said["ContentLength"]), modified.astimezone(UTC), leftover)

    @contextmanager
    def read(self, locator: str) -> Iterator[BinaryIO]:
        with _asked(locator) as (store, path), cast("BinaryIO", store.open(path, "rb")) as stream:
            yield stream

    def take(self, locator: str, sha256: bytes) -> None:
        with _asked(locator) as (store, path):
            before = _head(store, path)
            same = _is_that(store, path, sha256) and _head(store, path)["ETag"] == before["ETag"]
            if not same:
                raise _changed(locator)
            store.rm_file(path)

    def put(self, locator: str, content: Content, leftover: Leftover) -> None:
        with _asked(locator) as (store, path):
            with content.open() as stream:
                sha256 = digest_of(stream).sha256
            if store.exists(path):
                if not _is_that(store, path, sha256):
                    raise _changed(locator)
                return
            kept = {**leftover["headers"], "Metadata": leftover["metadata"]}
            # A store shows an object whole or not at all.
            with content.open() as stream, store.open(path, "wb", **kept) as out:
                shutil.copyfileobj(stream, out)


@contextmanager
def _asked(locator: str) -> Iterator[tuple[AbstractFileSystem, str]]:
    """The store and the path in it; whatever goes wrong inside is told in our words."""
    try:
        from fsspec.core import url_to_fs

        store, path = url_to_fs(locator)
        # What a listing once said may be gone.
        store.invalidate_cache()
        yield store, path
    except UploadGuardError:
        raise
    except FileNotFoundError as error:
        raise GoneFromPlace(f"{locator}: nothing lies there") from error
    except ImportError as error:
        raise ConfigError(
            f"{locator}: {error}; 'pip install upload-guard[s3]' brings what S3 needs"
        ) from error
    except Exception as error:
        # Stores raise what they like: OSError, botocore's, aiohttp's.
        raise HoldingsUnreachable(f"{locator}: {type(error).__name__}: {error}") from error


def _head(store: AbstractFileSystem, path: str) -> Mapping[str, Any]:
    """What the store says of an object (HeadObject), asked anew."""
    bucket, _, key = path.partition("/")
    said: Mapping[str, Any] = store.call_s3("head_object", Bucket=bucket, Key=key)
    return said


def _is_that(store: AbstractFileSystem, path: str, sha256: bytes) -> bool:
    with store.open(path, "rb") as stream:
        return hmac.compare_digest(digest_of(cast("BinaryIO", stream)).sha256, sha256)


def _changed(locator: str) -> ChangedInPlace:
    return ChangedInPlace(f"{locator}: another object lies there now, which is left alone")
