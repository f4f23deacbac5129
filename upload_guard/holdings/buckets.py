"""Files in buckets: `s3://bucket/key`, the key as it is, by s3fs.

Who may read and delete there is the store's own matter (the environment, a profile, a role). Where a bucket
keeps versions, what is taken away is hidden and its old version stays: docs/removals.md.
"""

from __future__ import annotations

import hmac
import io
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
from upload_guard.holdings.holdings import UNKNOWN, Leftover, Standing
from upload_guard.records import Content

if TYPE_CHECKING:
    from s3fs import S3FileSystem

_SCHEME = "s3://"
_AT_ONCE = 1 << 20
# What a bucket may hold beside an object's bytes, as S3 takes it back (PutObject).
_HEADERS = ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage")


@dataclass(frozen=True, slots=True)
class Buckets:
    """`Holdings` of objects. Of what an object has besides its bytes, headers and metadata are put back.

    A store offers no taking by digest: an object that is replaced in the moment between the reading and the
    deleting goes. In buckets with versions it can be had back.
    """

    def look(self, locator: str, known: Leftover = UNKNOWN) -> Standing:  # noqa: ARG002 - as holdings are
        with _asked(locator) as here:
            said = here.head()
        headers = {name: said[name] for name in _HEADERS if said.get(name)}
        leftover = {"headers": headers, "metadata": dict(said.get("Metadata", {}))}
        modified = said.get("LastModified", datetime.fromtimestamp(0, UTC))
        return Standing(locator, int(said["ContentLength"]), modified.astimezone(UTC), leftover)

    @contextmanager
    def read(self, locator: str) -> Iterator[BinaryIO]:
        with _asked(locator) as here:
            yield here.read()[1]

    def take(self, locator: str, sha256: bytes, case: str = "", known: Leftover = UNKNOWN) -> None:  # noqa: ARG002
        with _asked(locator) as here:
            etag, stream = here.read()
            if not _is_that(stream, sha256) or here.head()["ETag"] != etag:
                raise _changed(locator)
            here.call("delete_object")

    def put(self, locator: str, content: Content, leftover: Leftover, case: str = "") -> None:  # noqa: ARG002
        with _asked(locator) as here:
            if here.is_there():
                with content.open() as stream:
                    sha256 = digest_of(stream).sha256
                if not _is_that(here.read()[1], sha256):
                    raise _changed(locator)
                return
            kept = {**leftover["headers"], "Metadata": leftover["metadata"]}
            # A store shows an object whole or not at all.
            with content.open() as stream:
                here.call("put_object", Body=stream, **kept)


@dataclass(frozen=True, slots=True)
class _Object:
    """Asked for by S3's own API: as paths, keys that end in / or hold ? or :: would name other objects."""

    store: S3FileSystem
    bucket: str
    key: str

    def call(self, name: str, **more: object) -> Mapping[str, Any]:
        said: Mapping[str, Any] = self.store.call_s3(name, Bucket=self.bucket, Key=self.key, **more)
        return said

    def head(self) -> Mapping[str, Any]:
        try:
            return self.call("head_object")
        except FileNotFoundError:
            # Its answer has no body, so it does not say what is missing: the bucket, or the object in it.
            self.call("get_object", Range="bytes=0-0")["Body"].close()
            raise

    def is_there(self) -> bool:
        try:
            self.head()
        except FileNotFoundError as error:
            if not is_no_such_key(error):
                raise
            return False
        return True

    def read(self) -> tuple[str, BinaryIO]:
        """The ETag of the object that is read, and its bytes as they come."""
        got = self.call("get_object")
        return str(got["ETag"]), cast("BinaryIO", io.BufferedReader(_Body(self.store, got["Body"]), _AT_ONCE))


class _Body(io.RawIOBase):
    """What a store gives of an object, from its own event loop."""

    def __init__(self, store: S3FileSystem, body: Any) -> None:
        self._store = store
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        from fsspec.asyn import sync

        portion: bytes = sync(self._store.loop, self._body.read, len(buffer))
        buffer[: len(portion)] = portion
        return len(portion)

    def close(self) -> None:
        if not self.closed:
            self._store.loop.call_soon_threadsafe(self._body.close)
        super().close()


@contextmanager
def _asked(locator: str) -> Iterator[_Object]:
    """The object of that key; whatever goes wrong inside is told in our words."""
    try:
        from s3fs import S3FileSystem

        bucket, _, key = locator.removeprefix(_SCHEME).partition("/")
        yield _Object(S3FileSystem(), bucket, key)
    except UploadGuardError:
        raise
    except ImportError as error:
        raise ConfigError(
            f"{locator}: {error}; 'pip install upload-guard[s3]' brings what S3 needs"
        ) from error
    except Exception as error:
        # Stores raise what they like: OSError, botocore's, aiohttp's.
        if is_no_such_key(error):
            raise GoneFromPlace(f"{locator}: nothing lies there") from error
        raise HoldingsUnreachable(f"{locator}: {type(error).__name__}: {error}") from error


def is_no_such_key(error: Exception) -> bool:
    """Whether a store says of an object, and not of its bucket, that there is none (S3, "Error responses").

    s3fs has one exception for both, with the store's own as its cause.
    """
    said = getattr(error.__cause__, "response", None)
    return isinstance(said, Mapping) and said.get("Error", {}).get("Code") == "NoSuchKey"


def _is_that(stream: BinaryIO, sha256: bytes) -> bool:
    with stream:
        return hmac.compare_digest(digest_of(stream).sha256, sha256)


def _changed(locator: str) -> ChangedInPlace:
    return ChangedInPlace(f"{locator}: another object lies there now, which is left alone")
