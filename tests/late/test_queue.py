"""The folder of what passed unchecked: bounded, sealed, whole after a crash."""

from __future__ import annotations

import os
import signal
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.late.queues import HOUR, files, queue_in
from tests.support import digests_of, upload_of
from upload_guard.errors import SealBroken, StorageFailed
from upload_guard.keyring import Keyring
from upload_guard.late.entries import LateEntry
from upload_guard.late.queue import QUEUED, QUEUED_DIGESTS, LateQueue
from upload_guard.late.sealed import sealed_size
from upload_guard.records import Source

UPLOAD = replace(
    upload_of(b"a picture", Source("blog", "/upload", "ann")), file_name="holiday.jpg", guessed=True
)


def entry_in(queue: LateQueue, upload_id: str = UPLOAD.upload_id) -> LateEntry:
    entry = queue.read(upload_id)
    assert entry is not None
    return entry


def test_an_upload_comes_out_as_it_went_in(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    assert queue.add(UPLOAD, "unreachable") == QUEUED
    assert queue.waiting() == (UPLOAD.upload_id,)
    entry = entry_in(queue)
    assert (entry.cause, entry.has_bytes) == ("unreachable", True)
    out = queue.upload(entry)
    assert (out.digest, out.file_name, out.guessed) == (UPLOAD.digest, "holiday.jpg", True)
    assert out.upload_id == UPLOAD.upload_id
    assert out.source == Source("blog", "late:/upload")
    with out.content.open() as stream:
        assert stream.read() == b"a picture"


def test_nothing_of_it_can_be_read_on_the_disk_and_nobody_else_may_try(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    queue.add(UPLOAD, "unreachable")
    for name, data in files(queue).items():
        for secret in (b"a picture", b"holiday", b"blog", b"ann", UPLOAD.digest.sha256.hex().encode()):
            assert secret not in data
        assert stat.S_IMODE((queue.folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(queue.folder.stat().st_mode) == 0o700


def test_beyond_its_bytes_it_takes_digests_only(tmp_path: Path) -> None:
    queue = queue_in(tmp_path, max_bytes=sealed_size(100))
    assert queue.add(upload_of(b"x" * 100), "timeout") == QUEUED
    other = upload_of(b"y")
    assert queue.add(other, "timeout") == QUEUED_DIGESTS
    entry = entry_in(queue, other.upload_id)
    digests = digests_of(b"y")
    assert not entry.has_bytes
    assert (entry.md5, entry.sha1, entry.sha256) == (
        digests.md5.hex(),
        digests.sha1.hex(),
        digests.sha256.hex(),
    )
    assert queue.usage().bytes == sealed_size(100)


def test_many_at_once_stay_within_the_bytes(tmp_path: Path) -> None:
    queue = queue_in(tmp_path, max_bytes=5 * sealed_size(1000))
    with ThreadPoolExecutor(8) as threads:
        uploads = [upload_of(bytes([n]) * 1000) for n in range(24)]
        said = list(threads.map(lambda upload: queue.add(upload, "timeout"), uploads))
    assert said.count(QUEUED) == 5
    assert (queue.usage().entries, queue.usage().bytes) == (24, 5 * sealed_size(1000))


def test_what_is_over_the_limit_waits_by_its_digests(tmp_path: Path) -> None:
    assert queue_in(tmp_path).add(UPLOAD, "body_too_large") == QUEUED_DIGESTS


def test_beyond_its_entries_nothing_may_pass(tmp_path: Path) -> None:
    queue = queue_in(tmp_path, max_entries=2)
    for data in (b"one", b"two"):
        queue.add(upload_of(data), "timeout")
    with pytest.raises(StorageFailed, match=r"late\.max_entries"):
        queue.add(upload_of(b"three"), "timeout")
    assert queue.usage().entries == 2


def test_a_folder_that_takes_nothing_lets_nothing_pass(tmp_path: Path) -> None:
    (tmp_path / "late").write_text("in the way")
    with pytest.raises(StorageFailed):
        queue_in(tmp_path).add(UPLOAD, "timeout")


def test_the_first_in_is_the_first_out(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    uploads = [upload_of(bytes([n])) for n in range(5)]
    for at, upload in enumerate(uploads):
        queue.add(upload, "timeout")
        os.utime(queue.folder / f"{upload.upload_id}.row", (at, at))
    assert queue.waiting() == tuple(upload.upload_id for upload in uploads)


def test_what_is_removed_is_gone_with_its_bytes(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    queue.add(UPLOAD, "timeout")
    queue.remove(UPLOAD.upload_id)
    assert (files(queue), queue.waiting(), queue.read(UPLOAD.upload_id)) == ({}, (), None)


def test_an_entry_that_is_reduced_has_its_digests_and_no_bytes(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    queue.add(UPLOAD, "timeout")
    reduced = queue.reduce(entry_in(queue))
    assert entry_in(queue) == reduced
    assert reduced.md5 == digests_of(b"a picture").md5.hex()
    assert queue.usage().bytes == 0


def test_another_master_key_opens_nothing_and_destroys_nothing(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    queue.add(UPLOAD, "timeout")
    with pytest.raises(SealBroken):
        replace(queue, keyring=Keyring(b"other" * 6 + b"??")).read(UPLOAD.upload_id)
    assert entry_in(queue).sha256 == UPLOAD.digest.sha256.hex()


def test_row_19_no_clock_makes_an_entry_old_before_its_time(tmp_path: Path) -> None:
    queue = queue_in(tmp_path, max_age=HOUR)
    queue.add(UPLOAD, "timeout")
    entry = entry_in(queue)
    off_by_a_day = replace(entry, passed=replace(entry.passed, wall=entry.passed.wall - 86400))
    assert not queue.is_too_old(off_by_a_day)
    old = replace(entry, passed=replace(entry.passed, seconds=entry.passed.seconds - 2 * HOUR))
    assert queue.is_too_old(old)


def test_what_a_crash_left_is_cleared_and_what_is_whole_stays(tmp_path: Path) -> None:
    queue = queue_in(tmp_path)
    queue.add(UPLOAD, "timeout")
    whole = set(files(queue))
    for name in ("a.bytes", "b.bytes.part", "c.row.part"):
        (queue.folder / name).write_bytes(b"torn")
    queue.tidy()
    assert set(files(queue)) == whole


def add_until_killed(queue: LateQueue, told: int) -> None:
    while True:
        queue.add(upload_of(os.urandom(50_000)), "timeout")
        os.write(told, b".")


def test_killed_at_any_moment_it_holds_whole_entries_only(tmp_path: Path) -> None:
    queue = queue_in(tmp_path, max_bytes=1 << 30, max_entries=100_000)
    told = 0
    for at in range(40):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            add_until_killed(queue, writing)
        os.close(writing)
        told += len(os.read(reading, 1))
        time.sleep(at * 0.0005)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told += len(os.read(reading, 1 << 16))
        os.close(reading)
        queue.tidy()
        assert queue.usage().entries >= told
        assert len(files(queue)) == 2 * queue.usage().entries
    for name in queue.waiting():
        with queue.upload(entry_in(queue, name)).content.open() as stream:
            assert digests_of(stream.read()).sha256.hex() == entry_in(queue, name).sha256
