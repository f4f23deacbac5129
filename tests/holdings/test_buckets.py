"""Objects in buckets: moto's S3 over loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from s3fs import S3FileSystem

from tests.holdings.conftest import DATA
from tests.objects import object_store, use
from tests.support import BytesContent, digest_of
from upload_guard.errors import ChangedInPlace, GoneFromPlace, HoldingsUnreachable
from upload_guard.holdings.buckets import Buckets

SHA256 = digest_of(DATA).sha256
KEY = "2026/a photo, café.jpg"
LOCATOR = f"s3://media/{KEY}"
HERE = Buckets()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with object_store() as address:
        yield address


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bucket with one object, as an administrator's environment would give it."""
    use(server, monkeypatch)
    client = boto3.client("s3")
    client.create_bucket(Bucket="media")
    about = {"ContentType": "image/jpeg", "CacheControl": "max-age=60", "Metadata": {"album": "7"}}
    client.put_object(Bucket="media", Key=KEY, Body=DATA, **about)
    return client


def content(bucket: Any) -> bytes:
    body: bytes = bucket.get_object(Bucket="media", Key=KEY)["Body"].read()
    return body


def test_an_object_is_looked_at_and_read(bucket: object) -> None:
    assert HERE.look(LOCATOR).size == len(DATA)
    with HERE.read(LOCATOR) as stream:
        assert stream.read() == DATA


def test_it_is_taken_away_and_put_back_as_it_was(bucket: Any) -> None:
    leftover = HERE.look(LOCATOR).leftover
    HERE.take(LOCATOR, SHA256)
    with pytest.raises(GoneFromPlace):
        HERE.look(LOCATOR)
    with pytest.raises(GoneFromPlace):
        HERE.take(LOCATOR, SHA256)
    HERE.put(LOCATOR, BytesContent(DATA), leftover)
    HERE.put(LOCATOR, BytesContent(DATA), leftover)
    there = bucket.head_object(Bucket="media", Key=KEY)
    assert content(bucket) == DATA
    assert (there["ContentType"], there["CacheControl"]) == ("image/jpeg", "max-age=60")
    assert there["Metadata"] == {"album": "7"}


def test_another_object_in_its_place_is_left_alone(bucket: Any) -> None:
    leftover = HERE.look(LOCATOR).leftover
    bucket.put_object(Bucket="media", Key=KEY, Body=b"an innocent one")
    with pytest.raises(ChangedInPlace):
        HERE.take(LOCATOR, SHA256)
    with pytest.raises(ChangedInPlace):
        HERE.put(LOCATOR, BytesContent(DATA), leftover)
    assert content(bucket) == b"an innocent one"


@pytest.mark.parametrize("key", ["album/", "a::b.jpg", "c.jpg?versionId=3", "/d.jpg", "e//f*[1].jpg"])
def test_an_object_is_what_its_key_says_and_no_other(bucket: Any, key: str) -> None:
    for other in ("album", "album/g.jpg", "a", "c.jpg", "d.jpg", "e/f1.jpg"):
        bucket.put_object(Bucket="media", Key=other, Body=b"an innocent one")
    bucket.put_object(Bucket="media", Key=key, Body=DATA)
    locator = f"s3://media/{key}"
    leftover = HERE.look(locator).leftover
    with HERE.read(locator) as stream:
        assert stream.read() == DATA
    HERE.take(locator, SHA256)
    with pytest.raises(GoneFromPlace):
        HERE.look(locator)
    HERE.put(locator, BytesContent(DATA), leftover)
    assert bucket.get_object(Bucket="media", Key=key)["Body"].read() == DATA
    assert bucket.get_object(Bucket="media", Key="album")["Body"].read() == b"an innocent one"


def test_an_object_that_others_lie_below_is_put_back(bucket: Any) -> None:
    bucket.put_object(Bucket="media", Key="h/i.jpg", Body=b"an innocent one")
    HERE.put("s3://media/h", BytesContent(DATA), {"headers": {}, "metadata": {}})
    assert bucket.get_object(Bucket="media", Key="h")["Body"].read() == DATA


def test_a_store_that_cannot_be_reached_is_said_to_be(
    bucket: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    S3FileSystem.clear_instance_cache()
    with pytest.raises(HoldingsUnreachable):
        HERE.look(LOCATOR)
    S3FileSystem.clear_instance_cache()


def test_an_object_of_a_bucket_that_is_missing_is_not_gone(bucket: object) -> None:
    elsewhere = LOCATOR.replace("media", "renamed")
    for act in (
        lambda: HERE.look(elsewhere),
        lambda: HERE.take(elsewhere, SHA256),
        lambda: HERE.read(elsewhere).__enter__(),
        lambda: HERE.put(elsewhere, BytesContent(DATA), {"headers": {}, "metadata": {}}),
    ):
        with pytest.raises(HoldingsUnreachable, match="bucket"):
            act()


def test_an_object_of_a_bucket_that_is_there_is_gone(bucket: object) -> None:
    for act in (lambda: HERE.look(f"{LOCATOR}.png"), lambda: HERE.read(f"{LOCATOR}.png").__enter__()):
        with pytest.raises(GoneFromPlace):
            act()
