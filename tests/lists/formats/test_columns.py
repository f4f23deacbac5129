"""CSV with a header."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.lists.formats.reading import MD5, PDQ, SHA1, SHA256, fault_of, file_of, listed, read
from upload_guard.lists.formats import HashFile, ListedHash
from upload_guard.records import SignalType

BOTH = [listed(SignalType.MD5, MD5, "illegal"), listed(SignalType.SHA1, SHA1, "illegal")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_columns_are_named_by_signal_type_whatever_separates_them(tmp_path: Path, delimiter: str) -> None:
    rows = [["Note", "MD5", "SHA-1", "Category"], ["x", MD5, SHA1, "illegal"], ["", MD5.upper(), "", ""]]
    content = "\n".join(delimiter.join(row) for row in rows)
    assert read(tmp_path, content) == [*BOTH, listed(SignalType.MD5, MD5)]


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeffmd5,sha1,category\r\n{MD5},{SHA1},illegal\r\n",
        f"# a list\n\nmd5,sha1,category\n# more\n\n{MD5} , {SHA1},illegal,,\n,,\n",
        f'"md5","sha1","category"\n"{MD5}","{SHA1}","illegal"\n',
        f"hash,type,category\n{MD5},md5,illegal\n{SHA1},SHA1,illegal\n",
        f"hash,category\n{MD5},illegal\n{SHA1},illegal\n",
    ],
    ids=["byte order mark and CRLF", "comments and empty cells", "quotes", "a type a row", "by length"],
)
def test_real_tables_are_read(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == BOTH


def test_a_row_can_say_since_when(tmp_path: Path) -> None:
    content = f"pdq,since\n{PDQ},2026-05-01\n{PDQ},2026-05-01T12:00:00+02:00\n{PDQ},\n"
    assert [one.since for one in read(tmp_path, content)] == [
        datetime(2026, 5, 1, tzinfo=UTC),
        datetime(2026, 5, 1, 10, tzinfo=UTC),
        None,
    ]


def test_the_type_given_for_all_is_that_of_a_bare_hash(tmp_path: Path) -> None:
    file = HashFile(file_of(tmp_path, f"hash\n{SHA256}\n"), SignalType.SHA256)
    assert list(file) == [ListedHash(SignalType.SHA256, bytes.fromhex(SHA256))]


BAD_ROWS = {
    "word": (f"{MD5},hello,", "'hello' is not hexadecimal"),
    "wrong length": (f"{SHA1},,", "40 digits, expected 32 digits for md5"),
    "no hash": (",,other", "holds no hash"),
    "more cells than names": (f"{MD5},,other,more", "4 cells, but the header names 3"),
    "stray quote": (f'{MD5},,"a note\n{MD5},,other\n{MD5},,"', "a quote does not end on its line"),
    "quote open to the end": (f'{MD5},,"other', "a quote does not end on its line"),
    "comment with a quote": (f'#,"a\n{MD5},,other\n{MD5},",other', "a quote does not end on its line"),
    "long line": (MD5 + "," + "a" * 100_000, "longer than 65536 bytes"),
}


@pytest.mark.parametrize(("row", "why"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path, row: str, why: str) -> None:
    fault = fault_of(tmp_path, f"# list\nmd5,sha1,category\n{MD5},,other\n{row}\n{MD5},,\n")
    assert fault.startswith("list.dat:4: ")
    assert why in fault


def test_a_time_that_is_none_refuses_the_file(tmp_path: Path) -> None:
    assert "list.dat:2: 'yesterday' is no time" in fault_of(tmp_path, f"md5,since\n{MD5},yesterday\n")


def test_lines_that_end_in_cr_alone_are_refused(tmp_path: Path) -> None:
    assert "list.dat:1: is no header" in fault_of(tmp_path, f"md5;sha1\r{MD5};{SHA1}\r")
