"""Sealed copies: read back piece by piece, never altered unnoticed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import upload_of
from upload_guard.errors import SealBroken, StorageFailed
from upload_guard.keyring import SEAL_BYTES, Keyring
from upload_guard.late.sealed import PIECE, SealedContent, seal_into, sealed_size
from upload_guard.records import Upload

KEYRING = Keyring(b"k" * 32)
SIZES = [0, 1, 1000, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7]


def sealed(folder: Path, upload: Upload) -> SealedContent:
    file = folder / "copy"
    with file.open("wb") as out:
        seal_into(out, upload, KEYRING)
    return SealedContent(file, upload.upload_id, upload.digest.size, KEYRING, folder / "spool")


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_is_read_back_and_takes_the_room_that_was_foretold(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    content = sealed(tmp_path, upload_of(data))
    with content.open() as stream:
        assert stream.read() == data
    assert content.file.stat().st_size == sealed_size(size)


def test_readers_may_go_where_they_like(tmp_path: Path) -> None:
    data = os.urandom(2 * PIECE + 100)
    with sealed(tmp_path, upload_of(data)).open() as stream:
        for at in (2 * PIECE + 50, 5, PIECE - 3):
            stream.seek(at)
            assert stream.read(10) == data[at : at + 10]


def test_a_process_that_is_not_trusted_is_lent_a_file_without_a_name(tmp_path: Path) -> None:
    data = os.urandom(PIECE + 5)
    content = sealed(tmp_path, upload_of(data))
    with content.lend() as span:
        assert os.pread(span.fd, span.size, span.offset) == data
        assert list((tmp_path / "spool").iterdir()) == []


def test_no_stretch_of_the_plain_bytes_is_in_the_file(tmp_path: Path) -> None:
    data = b"a picture that nobody may find on the disk" * 1000
    assert data[:16] not in sealed(tmp_path, upload_of(data)).file.read_bytes()


def test_a_flipped_byte_anywhere_is_noticed(tmp_path: Path) -> None:
    content = sealed(tmp_path, upload_of(b"x" * 100))
    whole = content.file.read_bytes()
    for at in range(len(whole)):
        content.file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(SealBroken), content.open() as stream:
            stream.read()


def test_pieces_cannot_be_left_out_or_exchanged(tmp_path: Path) -> None:
    content = sealed(tmp_path, upload_of(os.urandom(3 * PIECE)))
    whole, step = content.file.read_bytes(), PIECE + SEAL_BYTES
    first, second, third = whole[:step], whole[step : 2 * step], whole[2 * step :]
    for altered, size in (
        (second + first + third, content.size),
        (first + third, content.size - PIECE),
        (first + second, content.size - PIECE),
    ):
        content.file.write_bytes(altered)
        with pytest.raises(SealBroken), replace(content, size=size).open() as stream:
            stream.read()


def test_a_copy_of_one_upload_is_not_taken_for_that_of_another(tmp_path: Path) -> None:
    content = sealed(tmp_path, upload_of(b"x" * 100))
    with pytest.raises(SealBroken), replace(content, upload_id="0" * 32).open() as stream:
        stream.read()


@pytest.mark.parametrize("now", [b"other", b"longer than before", b"short"])
def test_bytes_that_are_not_those_that_came_in_are_not_kept(tmp_path: Path, now: bytes) -> None:
    upload = replace(upload_of(now), digest=upload_of(b"bytes").digest)
    with pytest.raises(StorageFailed):
        sealed(tmp_path, upload)
