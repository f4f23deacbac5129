"""Lines of hashes, as they are met."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.errors import ListError
from upload_guard.lists.formats import ListedHash, read_hashes
from upload_guard.records import SignalType

MD5, SHA1, SHA256 = "0f" * 16, "1e" * 20, "2d" * 32
PDQ, PHASH = "3c" * 32, "4b" * 8


def hash_of(kind: SignalType, digits: str) -> ListedHash:
    return ListedHash(kind, bytes.fromhex(digits))


def file_of(folder: Path, content: str | bytes) -> Path:
    file = folder / "list.txt"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def read(folder: Path, content: str | bytes, kind: SignalType | None = None) -> list[ListedHash]:
    return list(read_hashes(file_of(folder, content), kind))


def fault_of(folder: Path, content: str | bytes, kind: SignalType | None = None) -> str:
    with pytest.raises(ListError) as caught:
        read(folder, content, kind)
    return str(caught.value).removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    ("digits", "kind"),
    [(MD5, SignalType.MD5), (SHA1, SignalType.SHA1), (PHASH, SignalType.PHASH)],
    ids=["MD5", "SHA-1", "pHash"],
)
def test_the_length_tells_the_type(tmp_path: Path, digits: str, kind: SignalType) -> None:
    assert read(tmp_path, digits) == [hash_of(kind, digits)]


@pytest.mark.parametrize("kind", [SignalType.SHA256, SignalType.PDQ], ids=str)
def test_sixty_four_digits_need_a_type(tmp_path: Path, kind: SignalType) -> None:
    assert "--signal-type" in fault_of(tmp_path, SHA256)
    assert read(tmp_path, SHA256, kind) == [hash_of(kind, SHA256)]


@pytest.mark.parametrize("kind", SignalType, ids=str)
def test_a_word_before_the_hash_names_its_type(tmp_path: Path, kind: SignalType) -> None:
    digits = "ab" * kind.size
    assert read(tmp_path, f"{kind} {digits}\n{kind.upper()}\t{digits}\n") == [hash_of(kind, digits)] * 2


def test_the_word_of_a_line_comes_before_the_type_given_for_all(tmp_path: Path) -> None:
    found = read(tmp_path, f"pdq {PDQ}\n{SHA256}\n", SignalType.SHA256)
    assert found == [hash_of(SignalType.PDQ, PDQ), hash_of(SignalType.SHA256, SHA256)]


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{MD5}\n{SHA1}\n",
        f"{MD5}\r\n{SHA1}\r\n",
        f"{MD5}\n{SHA1}",
        f"{MD5.upper()}\n{SHA1.upper()}\n",
        f"# a list\n\n{MD5} # the first\n   \n#{SHA256}\n\t{SHA1}  \n",
        f"\ufeff# a list\r\n{MD5}\r\n\r\n{SHA1}\r\n",
    ],
    ids=["byte order mark", "CRLF", "no last line end", "upper case", "comments and blanks", "all of these"],
)
def test_real_lists_are_read(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == [hash_of(SignalType.MD5, MD5), hash_of(SignalType.SHA1, SHA1)]


def test_duplicates_and_order_are_left_as_they_are(tmp_path: Path) -> None:
    other = "ff" * 16
    found = read(tmp_path, f"{other}\n{MD5}\n{other}\n")
    assert [one.value.hex() for one in found] == [other, MD5, other]


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "") == []


BAD_LINES = {
    "word": ("hello", "'hello' is not hexadecimal"),
    "one digit missing": (MD5[:-1], "31"),
    "two digits missing": (MD5[:-2], "30 digits"),
    "other digits": ("zz" * 16, "is not hexadecimal"),
    "digits beyond ASCII": ("\u0661" * 32, "is not hexadecimal"),
    "unknown type": (
        f"sha512 {SHA256}",
        "unknown signal type 'sha512': one of md5, sha1, sha256, pdq, phash, dhash",
    ),
    "three words": (f"pdq {PDQ} 100", "got 3 words"),
    "comma": (f"{MD5},1", "is not hexadecimal"),
    "wrong length for its word": (f"pdq {MD5}", "32 digits, expected 64 digits for pdq"),
}


@pytest.mark.parametrize(("line", "why"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_named_by_file_and_line(tmp_path: Path, line: str, why: str) -> None:
    fault = fault_of(tmp_path, f"# list\n{MD5}\n{line}\n{SHA1}\n")
    assert fault.startswith("list.txt:3: ")
    assert why in fault


def test_a_wrong_length_for_the_type_given_is_refused(tmp_path: Path) -> None:
    assert fault_of(tmp_path, MD5, SignalType.SHA256).startswith("list.txt:1: ")


def test_hashes_before_the_bad_line_come_first(tmp_path: Path) -> None:
    hashes = read_hashes(file_of(tmp_path, f"{MD5}\nbad\n"))
    assert next(hashes) == hash_of(SignalType.MD5, MD5)
    with pytest.raises(ListError):
        next(hashes)


def test_a_line_without_end_is_refused_before_it_fills_memory(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, f"{MD5}\n" + "a" * 100_000)
    assert fault.startswith("list.txt:2: ")
    assert "longer than 1024 bytes" in fault
    assert len(fault) < 200


def test_a_fault_shows_little_of_the_line(tmp_path: Path) -> None:
    assert len(fault_of(tmp_path, "g" * 1000)) < 120


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)) * 8,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        MD5.encode("utf-16"),
        b"PK\x03\x04" + bytes(99),
    ],
    ids=["all bytes", "picture", "UTF-16", "archive"],
)
def test_a_binary_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert fault_of(tmp_path, content).startswith("list.txt:1: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"not-there\.txt: cannot be read: No such file"):
        list(read_hashes(tmp_path / "not-there.txt"))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="cannot be read"):
        list(read_hashes(tmp_path))


@given(st.binary(max_size=200))
def test_any_bytes_are_hashes_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = file_of(tmp_path_factory.getbasetemp(), content)
    with contextlib.suppress(ListError):
        assert all(len(one.value) == one.signal_type.size for one in read_hashes(file))
