"""A bucket is scanned as a tree is: moto's S3 over loopback, by s3fs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.objects import object_store, use
from tests.scan.scanning import scanned, zipped
from tests.support import activate_listed_picture, picture_bytes, settings_in
from upload_guard.compose import open_database_of
from upload_guard.compose.holdings import open_placements
from upload_guard.errors import GoneFromPlace, HoldingsUnreachable, UsageError
from upload_guard.scan.buckets import BucketWalk, Objects
from upload_guard.scan.building import Manner, walk_of
from upload_guard.scan.records import Column, Item
from upload_guard.scan.summary import files_of
from upload_guard.settings import Settings

BUCKET = "library"
PLACE = f"s3://{BUCKET}/media"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with object_store() as address:
        yield address


@pytest.fixture
def store(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    use(server, monkeypatch)
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=one["Key"])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def put(store: object, key: str, data: bytes) -> None:
    store.put_object(Bucket=BUCKET, Key=key, Body=data)  # type: ignore[attr-defined]


def test_a_bucket_is_scanned_and_what_is_the_same_is_not_fetched_again(
    settings: Settings, store: object
) -> None:
    listed = activate_listed_picture(settings)
    odd = ("media/a//b.jpg", "media/folder/", "media/ué ?#&+%41.jpg", "media/in.zip")
    for key in odd[:3]:
        put(store, key, listed)
    put(store, odd[3], zipped(listed))
    put(store, "media/benign.jpg", picture_bytes(20))
    put(store, "elsewhere/listed.jpg", listed)
    summary = scanned(settings, PLACE)
    files = files_of(open_database_of(settings), summary.number)
    assert {one.item.locator for one in files} == {f"s3://{BUCKET}/{key}" for key in odd}
    assert summary.counts == {Column.LISTED: 4, Column.CLEAN: 1}
    assert scanned(settings, PLACE).kept == 1


def test_an_object_that_was_replaced_is_read_again(settings: Settings, store: object) -> None:
    listed = activate_listed_picture(settings)
    put(store, "media/a.jpg", picture_bytes(20))
    scanned(settings, PLACE)
    put(store, "media/a.jpg", listed)
    assert scanned(settings, PLACE).counts == {Column.LISTED: 1}


def test_what_is_acted_upon_is_taken_out_of_its_bucket_and_put_back_as_it_was(
    settings: Settings, store: Any
) -> None:
    listed = activate_listed_picture(settings)
    keys = ("media/a.jpg", "media/album/", "media/b::c.jpg")
    for key in keys:
        store.put_object(Bucket=BUCKET, Key=key, Body=listed, ContentType="image/jpeg")
    put(store, "media/album", picture_bytes(20))
    summary = scanned(settings, PLACE, Manner("shop", acting=True))
    assert summary.counts == {Column.LISTED: 3, Column.CLEAN: 1}
    left = [one["Key"] for one in store.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert left == ["media/album"]
    placements = open_placements(settings)
    for place in placements.page(10):
        placements.restore(place.id, "ann")
    for key in keys:
        back = store.get_object(Bucket=BUCKET, Key=key)
        assert (back["Body"].read(), back["ContentType"]) == (listed, "image/jpeg")


def test_a_walk_goes_on_behind_any_object_and_takes_more_than_a_page(store: object) -> None:
    for at in range(10):
        put(store, f"media/{at}", b"")
    whole = list(BucketWalk(PLACE, 3).items())
    assert len(whole) == 10
    for at, one in enumerate(whole):
        assert list(BucketWalk(PLACE, 3).items(one.locator)) == whole[at + 1 :]


def test_an_object_of_a_bucket_that_is_missing_could_not_be_read(tmp_path: Path, store: object) -> None:
    missing = Item("s3://renamed/photo.jpg")
    with pytest.raises(HoldingsUnreachable), Objects(tmp_path).opened(missing):
        pytest.fail("something was opened")


def test_an_object_that_went_is_not_there(tmp_path: Path, store: object) -> None:
    with pytest.raises(GoneFromPlace), Objects(tmp_path).opened(Item(f"{PLACE}/gone.jpg")):
        pass


def test_a_store_that_does_not_answer_is_unreachable(store: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HoldingsUnreachable):
        list(BucketWalk("s3://no-such-bucket-here").items())


def test_a_place_without_a_bucket_is_refused(settings: Settings) -> None:
    with pytest.raises(UsageError, match="names no bucket"):
        walk_of("s3://", settings)
