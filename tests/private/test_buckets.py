"""Buckets of one size, in which nobody can tell what was there first."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upload_guard.list_settings import Disclosure
from upload_guard.private.buckets import FEW, Bytes, bits_for, pack, pack_digests
from upload_guard.private.building import Disclosed, SetOrder, digits_for, write_set
from upload_guard.private.known import Known
from upload_guard.private.marks import MARK_BYTES, OBLIVIOUS, RECORD_BYTES, Mark, input_of
from upload_guard.private.sets import PrivateSet, SetFolder
from upload_guard.records import SignalType

PAIR = OBLIVIOUS.key_pair(bytes(32), b"tests")
LISTS: dict[str, Disclosure] = {"shared": "ranges"}


def sha256(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def disclosed(count: int, in_ranges: bool = True) -> list[Disclosed]:
    return [Disclosed(SignalType.SHA256, sha256(number), "baseline", in_ranges) for number in range(count)]


def built(
    folder: Path, entries: list[Disclosed], generation: str = "one", known: Known | None = None
) -> PrivateSet:
    sets = SetFolder(folder)
    folder.mkdir(exist_ok=True)
    order = SetOrder(generation, LISTS, True, 0, PAIR)
    sets.put(order.epoch, lambda part: write_set(part, order, entries, known or Known()))
    return sets.current()


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> PrivateSet:
    return built(tmp_path_factory.mktemp("thousand"), disclosed(1000))


def label_of(found: PrivateSet, kind: SignalType, value: bytes) -> tuple[str, ...] | None:
    """As a customer finds it, by an output that it has."""
    table = found.manifest.table("oblivious")
    assert table is not None
    mark = Mark.of(OBLIVIOUS.evaluate(PAIR.secret, input_of(kind, value)))
    label = mark.label_in(found.bucket(table, mark.number(table.bits)))
    return None if label is None else found.manifest.labels[label]


@settings(max_examples=100, deadline=None)
@given(
    numbers=st.lists(st.integers(0, 15), min_size=1, max_size=200),
)
def test_every_record_is_in_its_bucket_and_all_buckets_are_of_one_size(numbers: list[int]) -> None:
    records = np.arange(len(numbers) * 18, dtype=np.uint64).astype(np.uint8).reshape(-1, 18)
    records[:, :8] = np.frombuffer(b"".join(sha256(at)[:8] for at in range(len(numbers))), np.uint8).reshape(
        -1, 8
    )
    packed = pack(np.array(numbers, np.uint32), records, bits=4)
    assert packed.buckets.shape == (16, packed.size, 18)
    assert packed.size > max(map(numbers.count, numbers))
    for number, record in zip(numbers, records, strict=True):
        assert record.tobytes() in {row.tobytes() for row in packed.buckets[number]}


@pytest.mark.parametrize("count", [0, 1, 63, 64, 127, 128, 1000, 1_000_000], ids=str)
def test_a_bucket_hides_what_is_asked_among_at_least_as_many_records_as_promised(count: int) -> None:
    assert bits_for(count) == 0 or FEW <= count >> bits_for(count) < 2 * FEW
    assert digits_for(count) == 1 or FEW <= count >> (4 * digits_for(count)) < 16 * FEW


def test_records_lie_by_their_bytes_so_that_padding_stands_out_nowhere() -> None:
    packed = pack(np.zeros(10, np.uint32), np.full((10, 18), 7, np.uint8), bits=0)
    heads = [bytes(row[:8]) for row in packed.buckets[0]]
    assert heads == sorted(heads)


def test_padding_of_a_range_begins_as_its_digests_do_and_has_a_label_of_the_list() -> None:
    digests = np.frombuffer(b"".join(map(sha256, range(500))), np.uint8).reshape(-1, 32)
    packed = pack_digests(digests, np.full(500, 3, np.uint16), digits=1)
    for number, bucket in enumerate(packed.buckets):
        assert {row[0] >> 4 for row in bucket} == {number}
        assert {bytes(row[-2:]) for row in bucket} == {b"\0\3"}


def test_a_list_whose_digests_begin_alike_does_not_fill_the_disk() -> None:
    alike = np.frombuffer(b"".join(b"\xab\xcd" + sha256(at)[2:] for at in range(20_000)), np.uint8)
    packed = pack_digests(alike.reshape(-1, 32), np.zeros(20_000, np.uint16), digits=digits_for(20_000))
    assert packed.bits == 4
    assert packed.buckets.size < 20 * alike.size
    spread = np.frombuffer(b"".join(map(sha256, range(20_000))), np.uint8).reshape(-1, 32)
    assert pack_digests(spread, np.zeros(20_000, np.uint16), digits=2).bits == 8


def test_every_listed_digest_is_found_and_no_other(thousand: PrivateSet) -> None:
    assert all(label_of(thousand, SignalType.SHA256, sha256(at)) == ("baseline",) for at in range(1000))
    assert all(label_of(thousand, SignalType.SHA256, sha256(at)) is None for at in range(1000, 2000))


def test_a_digest_of_one_type_is_no_digest_of_another(tmp_path: Path) -> None:
    found = built(tmp_path, [Disclosed(SignalType.MD5, b"x" * 16, "A1", False)])
    assert label_of(found, SignalType.MD5, b"x" * 16) == ("A1",)
    assert label_of(found, SignalType.SHA1, b"x" * 16) is None


def test_a_digest_in_two_categories_has_one_record_that_names_both(tmp_path: Path) -> None:
    entries = [Disclosed(SignalType.MD5, b"x" * 16, category, False) for category in ("A1", "baseline", "A1")]
    assert label_of(built(tmp_path, entries), SignalType.MD5, b"x" * 16) == ("A1", "baseline")


def test_what_has_a_distance_is_left_out(tmp_path: Path) -> None:
    found = built(tmp_path, [Disclosed(SignalType.PDQ, b"x" * 32, "A1", True)])
    assert (found.manifest.signal_types, found.manifest.labels) == ((), ())


def test_buckets_hold_neither_digests_nor_categories(tmp_path: Path) -> None:
    entries = disclosed(300, in_ranges=False)
    found = built(tmp_path, entries)
    assert [table.name for table in found.manifest.tables] == ["oblivious"]
    table = found.manifest.tables[0]
    whole = b"".join(found.bucket(table, number) for number in range(1 << table.bits))
    assert not any(entry.value[:8] in whole for entry in entries)
    # One label for all, and yet its number looks different everywhere.
    masked = {whole[at + 16 : at + 18] for at in range(0, len(whole), RECORD_BYTES)}
    assert len(masked) > 200


def test_all_buckets_are_of_one_size_however_the_list_lies(thousand: PrivateSet) -> None:
    for table in thousand.manifest.tables:
        assert {len(thousand.bucket(table, number)) for number in range(1 << table.bits)} == {
            table.bucket_bytes
        }


def test_digests_lie_in_ranges_only_where_that_is_allowed(tmp_path: Path) -> None:
    entries = [*disclosed(5), Disclosed(SignalType.MD5, b"x" * 16, "A1", False)]
    found = built(tmp_path, entries)
    assert {table.name for table in found.manifest.tables} == {"oblivious", "sha256"}


# Building again ------------------------------------------------------------------------------------


def test_what_was_evaluated_before_is_not_evaluated_again() -> None:
    inputs = [input_of(SignalType.SHA256, sha256(at)) for at in range(20)] + [
        input_of(SignalType.MD5, bytes(16)),
        input_of(SignalType.MD5, bytes(15) + b"\1"),
    ]
    # Marks that the key does not give show where they come from.
    marks: Bytes = (
        np.arange(len(inputs) * MARK_BYTES, dtype=np.uint32).astype(np.uint8).reshape(-1, MARK_BYTES)
    )
    known = Known.of(inputs, marks)
    assert (known.marks_of(inputs[::-1], PAIR.secret) == marks[::-1]).all()
    fresh = input_of(SignalType.SHA256, sha256(99))
    (mark,) = known.marks_of([fresh], PAIR.secret)
    assert mark.tobytes() == OBLIVIOUS.evaluate(PAIR.secret, fresh)[:MARK_BYTES]


def test_a_build_upon_another_gives_the_same_answers(tmp_path: Path, thousand: PrivateSet) -> None:
    before = built(tmp_path, disclosed(300))
    found = built(
        tmp_path,
        disclosed(300)[10:],
        "two",
        Known.read(tmp_path / before.manifest.epoch, before.manifest.known_sha256),
    )
    assert label_of(found, SignalType.SHA256, sha256(3)) is None
    assert label_of(found, SignalType.SHA256, sha256(30)) == ("baseline",)


def test_a_file_of_known_outputs_that_is_not_what_was_written_counts_as_none(tmp_path: Path) -> None:
    """A wrong output would be a digest that nobody finds."""
    inputs = [input_of(SignalType.SHA256, sha256(at)) for at in range(3)]
    sum_of_it = Known.of(inputs, np.zeros((3, MARK_BYTES), np.uint8)).write(tmp_path)
    assert len(Known.read(tmp_path, sum_of_it).rows) == 3
    data = bytearray((tmp_path / "known.npy").read_bytes())
    data[-1] ^= 1
    (tmp_path / "known.npy").write_bytes(data)
    assert len(Known.read(tmp_path, sum_of_it).rows) == 0
    assert len(Known.read(tmp_path / "nowhere", sum_of_it).rows) == 0
