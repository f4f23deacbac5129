"""A file in whichever form it has."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lists.formats.reading import MD5, SHA1, fault_of, file_of, listed, read
from tests.lists.formats.test_icse import HEADER, row
from tests.lists.formats.test_vics import vics
from upload_guard.errors import ListError
from upload_guard.lists.formats import FORMATS, WRITERS, HashFile, ListedHash, read_hashes
from upload_guard.lists.formats.files import recognised
from upload_guard.records import Entry, SignalType

SAMPLES = {
    "plain": f"# md5,sha1\n{MD5}\n",
    "csv": f"# list\nmd5,note\n{MD5},\n",
    "icse": HEADER + row(sha1=""),
    "vics": vics({"MD5": MD5}),
    "jsonl": json.dumps({"type": "md5", "value": MD5}),
}


def test_every_form_has_its_sample() -> None:
    assert SAMPLES.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("mark", ["", "\ufeff", "\ufeff\r\n"], ids=["bare", "mark", "mark and empty line"])
def test_a_form_is_told_by_its_content(name: str, mark: str) -> None:
    assert recognised((mark + SAMPLES[name]).encode()).name == name


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_recognised_is_read_as_if_it_had_been_named(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, SAMPLES[name])
    assert [(one.signal_type, one.value.hex()) for one in found] == [(SignalType.MD5, MD5)]
    assert read(tmp_path, SAMPLES[name], name) == found


def test_a_form_that_was_named_is_not_guessed(tmp_path: Path) -> None:
    assert "list.dat:1: is no hash" in fault_of(tmp_path, SAMPLES["icse"], "plain")


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = "md5,sha1\n" + f"{MD5},{SHA1}\n" * 5000
    writer = threading.Thread(target=pipe.write_text, args=(content,))
    writer.start()
    assert sum(1 for _ in HashFile(pipe)) == 10_000
    writer.join()


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    file = file_of(tmp_path, f"{MD5}\n" * 20_000)
    assert sum(1 for _ in HashFile(file, progress=lambda *said: told.append(said))) == 20_000
    assert {(step, size) for step, _, size in told} == {("reading", 20_000 * 33)}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert len(told) > 3


entries = st.lists(
    st.builds(
        lambda kind, data, category, since: Entry(
            "list", 1, "origin", category, kind, data[: kind.size], since, 1
        ),
        st.sampled_from(SignalType),
        st.binary(min_size=32, max_size=32),
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,20}[A-Za-z0-9]", fullmatch=True),
        st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ),
    min_size=1,
)


def known(form: str, entry: Entry) -> ListedHash:
    """What a form can say of an entry."""
    if form == "plain":
        return ListedHash(entry.signal_type, entry.value)
    return ListedHash(entry.signal_type, entry.value, entry.category, entry.since)


@given(st.sampled_from(sorted(WRITERS)), entries)
def test_what_is_written_is_recognised_and_read_again(
    tmp_path_factory: pytest.TempPathFactory, form: str, written: list[Entry]
) -> None:
    file = file_of(tmp_path_factory.getbasetemp(), "".join(WRITERS[form](written)))
    assert recognised(file.read_bytes()).name == form
    assert list(read_hashes(file)) == [known(form, entry) for entry in written]


digests = st.tuples(
    st.binary(min_size=16, max_size=16), st.binary(min_size=20, max_size=20), st.integers(0, 1)
)


def as_icse(media: list[tuple[bytes, bytes, int]]) -> str:
    rows = (row(md5.hex(), sha1.hex(), baseline=str(bool(number))) for md5, sha1, number in media)
    return HEADER + "".join(rows)


def as_vics(media: list[tuple[bytes, bytes, int]]) -> str:
    return vics(*({"MD5": md5.hex(), "SHA1": sha1.hex(), "Category": number} for md5, sha1, number in media))


@pytest.mark.parametrize(
    ("write", "names"), [(as_icse, ("other", "baseline")), (as_vics, ("0", "1"))], ids=["icse", "vics"]
)
@given(media=st.lists(digests))
def test_suppliers_forms_are_read_whole(
    tmp_path_factory: pytest.TempPathFactory,
    write: Callable[[list[tuple[bytes, bytes, int]]], str],
    names: tuple[str, str],
    media: list[tuple[bytes, bytes, int]],
) -> None:
    file = file_of(tmp_path_factory.getbasetemp(), write(media))
    assert list(HashFile(file)) == [
        listed(kind, value.hex(), names[number])
        for md5, sha1, number in media
        for kind, value in ((SignalType.MD5, md5), (SignalType.SHA1, sha1))
    ]


@pytest.mark.parametrize("form", FORMATS)
@given(content=st.binary(max_size=300))
def test_any_bytes_are_hashes_or_refused(
    tmp_path_factory: pytest.TempPathFactory, form: str, content: bytes
) -> None:
    file = file_of(tmp_path_factory.getbasetemp(), SAMPLES[form].encode() + content)
    with contextlib.suppress(ListError):
        assert all(len(one.value) == one.signal_type.size for one in HashFile(file, form=form))
