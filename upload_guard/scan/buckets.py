"""The objects of a bucket, by s3fs. Credentials come from the environment, a profile or a role.

Requests are made as they are in S3's own API: keys that no path could hold are objects like any other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from upload_guard.errors import ConfigError, GoneFromPlace, HoldingsUnreachable
from upload_guard.holdings.buckets import is_no_such_key
from upload_guard.scan.records import Item, Met, Opened
from upload_guard.spans import OpenContent

if TYPE_CHECKING:
    from s3fs import S3FileSystem

SCHEME = "s3://"
_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class BucketWalk:
    """All objects below `root`, "s3://BUCKET/PREFIX", in the order of their keys, `at_once` by a request."""

    root: str
    at_once: int = 1000

    def items(self, after: str = "") -> Iterator[Met]:
        bucket, prefix = _parts(self.root)
        behind = _parts(after)[1] if after else ""
        while True:
            page = self._page(bucket, prefix, behind)
            found = page.get("Contents", ())
            yield from (_item(bucket, one) for one in found)
            if not page.get("IsTruncated") or not found:
                return
            behind = found[-1]["Key"]

    def _page(self, bucket: str, prefix: str, behind: str) -> dict[str, Any]:
        try:
            page: dict[str, Any] = _store().call_s3(
                "list_objects_v2", Bucket=bucket, Prefix=prefix, StartAfter=behind, MaxKeys=self.at_once
            )
        except ConfigError:
            raise
        except Exception as error:
            raise HoldingsUnreachable(f"{self.root}: {type(error).__name__}: {error}") from error
        return page


@dataclass(frozen=True, slots=True)
class Objects:
    """Opens objects: each is fetched whole into a file without a name in `spool_dir`."""

    spool_dir: Path

    def look(self, item: Item) -> Item:
        return item

    @contextmanager
    def opened(self, item: Item) -> Iterator[Opened]:
        bucket, key = _parts(item.locator)
        self.spool_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.spool_dir) as file:
            stamp = _fetch(bucket, key, file)
            size = file.tell()
            yield Opened(replace(item, size=size, stamp=stamp), OpenContent(file, 0, size), key)


def _fetch(bucket: str, key: str, file: BinaryIO) -> str:
    """The object's bytes into `file`; its stamp."""
    from fsspec.asyn import sync

    store = _store()
    try:
        got = store.call_s3("get_object", Bucket=bucket, Key=key)
        while portion := sync(store.loop, got["Body"].read, _AT_ONCE):
            file.write(portion)
        file.flush()
    except Exception as error:
        # Stores raise what they like: OSError, botocore's, aiohttp's.
        if is_no_such_key(error):
            raise GoneFromPlace(f"{SCHEME}{bucket}/{key}: nothing lies there") from error
        raise HoldingsUnreachable(f"{SCHEME}{bucket}/{key}: {type(error).__name__}") from error
    return _stamp(got)


def _item(bucket: str, found: dict[str, Any]) -> Item:
    return Item(f"{SCHEME}{bucket}/{found['Key']}", found["Size"], _stamp(found))


def _stamp(told: dict[str, Any]) -> str:
    return f"{told['ETag']}.{told['LastModified']:%Y%m%dT%H%M%S}"


def _parts(locator: str) -> tuple[str, str]:
    bucket, _, key = locator.removeprefix(SCHEME).partition("/")
    return bucket, key


def _store() -> S3FileSystem:
    """Asked for each time: fsspec keeps one a process."""
    try:
        from s3fs import S3FileSystem
    except ImportError as error:
        raise ConfigError(f"{error}; 'pip install upload-guard[s3]' brings what S3 needs") from error
    return S3FileSystem()
