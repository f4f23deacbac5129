"""Pieces put together: in order, each as it was, within bounds, and nothing left behind."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import BytesContent
from upload_guard.errors import AmbiguousRequest, BodyTooLarge, PieceOutOfOrder, StorageFailed
from upload_guard.intake.assembly import Assembled, Assembly
from upload_guard.intake.pieces import Piece


@pytest.fixture
def assembly(tmp_path: Path) -> Assembly:
    return Assembly(tmp_path / "assembly", max_size=100, max_together=10_000, patience=3600)


@contextmanager
def added(assembly: Assembly, piece: Piece, data: bytes, key: str = "key") -> Iterator[Assembled]:
    with assembly.add(key, piece, BytesContent(data), len(data)) as so_far:
        yield so_far


def so_far_of(assembly: Assembly, piece: Piece, data: bytes, key: str = "key") -> tuple[bytes, bool]:
    """What is there after a piece that the application took, and whether that is all."""
    with added(assembly, piece, data, key) as so_far, so_far.content.open() as stream:
        whole = stream.read()
        so_far.keep()
        return whole, so_far.complete


def numbered(index: int, count: int | None = 3, total: int | None = None) -> Piece:
    return Piece("u", index=index, count=count, total=total)


def placed(index: int, offset: int, count: int = 3) -> Piece:
    return Piece("u", index=index, offset=offset, count=count)


def at(offset: int, total: int | None = None) -> Piece:
    return Piece("u", offset=offset, total=total)


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([numbered(0), numbered(1), numbered(2)], id="numbered"),
        pytest.param([placed(0, 0), placed(1, 3), placed(2, 6)], id="numbered and placed"),
        pytest.param([at(0, 8), at(3, 8), at(6, 8)], id="placed"),
        pytest.param([at(0), at(3), at(6, 8)], id="the end told last"),
        pytest.param(
            [numbered(0, None, 8), numbered(1, None, 8), numbered(2, None, 8)], id="numbered without a count"
        ),
    ],
)
def test_pieces_in_order_make_the_whole(assembly: Assembly, pieces: list[Piece]) -> None:
    got = [
        so_far_of(assembly, piece, data) for piece, data in zip(pieces, (b"abc", b"def", b"gh"), strict=True)
    ]
    assert got == [(b"abc", False), (b"abcdef", False), (b"abcdefgh", True)]


def test_an_upload_without_an_end_is_never_complete(assembly: Assembly) -> None:
    for offset in (0, 3, 6):
        with added(assembly, at(offset), b"abc") as so_far:
            assert not so_far.complete
            assert not so_far.end_is_known
            so_far.keep()


def test_either_end_that_the_sender_told_is_the_end(assembly: Assembly) -> None:
    assert so_far_of(assembly, numbered(0, count=100, total=3), b"abc") == (b"abc", True)


@pytest.mark.parametrize(
    ("first", "then", "data"),
    [
        pytest.param([], numbered(1), b"x", id="no first piece"),
        pytest.param([], at(3), b"x", id="nothing before its place"),
        pytest.param([(numbered(0), b"abc")], numbered(2), b"x", id="one left out"),
        pytest.param([(numbered(0), b"abc")], numbered(0), b"abd", id="again with other bytes"),
        pytest.param([(numbered(0), b"abc")], numbered(0), b"abcd", id="again with more bytes"),
        pytest.param([(placed(0, 0), b"abc")], placed(1, 0), b"abc", id="a size of nothing"),
        pytest.param([(placed(0, 0), b"abc")], placed(1, 2), b"xyz", id="over the one before"),
        pytest.param([(placed(0, 0), b"abc")], placed(1, 5), b"xyz", id="behind a gap"),
        pytest.param([(at(0), b"abc")], at(0), b"xyz", id="from the start with other bytes"),
        pytest.param([(at(0), b"abc")], at(2), b"xyz", id="from the middle with other bytes"),
        pytest.param(
            [(numbered(0), b"abc"), (numbered(1), b"def")], numbered(0), b"abc", id="one of long ago"
        ),
    ],
)
def test_what_does_not_follow_is_refused_and_changes_nothing(
    assembly: Assembly, first: list[tuple[Piece, bytes]], then: Piece, data: bytes
) -> None:
    before = [so_far_of(assembly, piece, own) for piece, own in first]
    with pytest.raises(PieceOutOfOrder), added(assembly, then, data):
        pass
    if not first:
        assert list(assembly.folder.iterdir()) == []
        return
    last, own = first[-1]
    assert so_far_of(assembly, last, own) == before[-1]


@pytest.mark.parametrize(
    ("piece", "again", "data"),
    [
        pytest.param(numbered(0), numbered(0), b"abc", id="numbered"),
        pytest.param(at(0), at(0), b"ab", id="a part of it"),
        pytest.param(at(0), at(1), b"bc", id="its end"),
    ],
)
def test_a_piece_may_come_again_as_it_was(
    assembly: Assembly, piece: Piece, again: Piece, data: bytes
) -> None:
    so_far_of(assembly, piece, b"abc")
    assert so_far_of(assembly, again, data)[0] == b"abc"


def test_a_sender_may_resume_before_the_place_where_it_was_cut_off(assembly: Assembly) -> None:
    so_far_of(assembly, at(0), b"abc")
    assert so_far_of(assembly, at(1), b"bcdef")[0] == b"abcdef"


def test_pieces_that_contradict_each_other_are_refused(assembly: Assembly) -> None:
    so_far_of(assembly, numbered(0, count=3), b"abc")
    with pytest.raises(AmbiguousRequest), added(assembly, numbered(1, count=2), b"def"):
        pass


def test_an_upload_over_its_limit_or_over_what_it_said_is_too_large(assembly: Assembly) -> None:
    with pytest.raises(BodyTooLarge), added(assembly, at(0), bytes(101)):
        pass
    with pytest.raises(BodyTooLarge), added(assembly, at(0, total=3), b"abcd"):
        pass
    assert list(assembly.folder.iterdir()) == []


def test_all_unfinished_uploads_together_have_a_limit(assembly: Assembly) -> None:
    small = replace(assembly, max_together=700)
    so_far_of(small, at(0), bytes(100), "one")
    with pytest.raises(StorageFailed, match="max_unfinished"), added(small, at(0), bytes(100), "two"):
        pass


def test_an_upload_that_nobody_goes_on_with_is_forgotten(assembly: Assembly) -> None:
    so_far_of(assembly, at(0), b"abc", "old")
    (file,) = assembly.folder.iterdir()
    long_ago = time.time() - 2 * assembly.patience
    os.utime(file, (long_ago, long_ago))
    so_far_of(assembly, at(0), b"abc", "new")
    assert not file.exists()


def test_a_piece_that_is_not_kept_never_came(assembly: Assembly) -> None:
    with added(assembly, at(0), b"abc"):
        pass
    assert list(assembly.folder.iterdir()) == []
    so_far_of(assembly, at(0), b"abc")
    with added(assembly, at(3), b"def"):
        pass
    assert so_far_of(assembly, at(3), b"xyz")[0] == b"abcxyz"


def test_a_complete_upload_leaves_its_name_to_another(assembly: Assembly) -> None:
    assert so_far_of(assembly, at(0, total=3), b"abc") == (b"abc", True)
    assert so_far_of(assembly, at(0, total=3), b"xyz") == (b"xyz", True)


def test_an_upload_that_was_announced_has_the_end_that_was_said(assembly: Assembly) -> None:
    assembly.expect("key", 6)
    assert so_far_of(assembly, at(0), b"abc") == (b"abc", False)
    assembly.expect("key", 3)
    assert so_far_of(assembly, at(3), b"def") == (b"abcdef", True)
    assembly.expect("key", 6)
    with pytest.raises(BodyTooLarge), added(assembly, at(0), b"abcdefg"):
        pass


def test_a_disk_that_takes_no_more_is_a_fault_of_storage(assembly: Assembly) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (550, limit[1]))
        with pytest.raises(StorageFailed), added(assembly, at(0), bytes(100)):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(assembly.folder.iterdir()) == []


def test_only_the_service_can_read_the_pieces(assembly: Assembly) -> None:
    so_far_of(assembly, at(0), b"abc")
    (file,) = assembly.folder.iterdir()
    assert (file.stat().st_mode & 0o777, assembly.folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_senders_at_once_do_not_mix_their_pieces(assembly: Assembly) -> None:
    def send(letter: bytes) -> bool:
        try:
            return so_far_of(assembly, numbered(0), letter * 50)[0] == letter * 50
        except PieceOutOfOrder:
            return False

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(send, [b"a", b"b", b"c", b"d"] * 2))
    assert sum(taken) == 2, "one sender's, sent twice"


def test_a_damaged_state_is_said(assembly: Assembly) -> None:
    so_far_of(assembly, at(0), b"abc")
    (file,) = assembly.folder.iterdir()
    file.write_bytes(b"nonsense")
    with pytest.raises(StorageFailed, match="damaged"), added(assembly, at(3), b"d"):
        pass
