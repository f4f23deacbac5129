"""Signed lists. The first key, message and signature are RFC 8032's second test."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from upload_guard.errors import ListError
from upload_guard.lists.signatures import check_signature, signed_copy

KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
MESSAGE = bytes.fromhex("72")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
FORMS = {
    "raw": SIGNATURE,
    "hexadecimal": SIGNATURE.hex().encode() + b"\n",
    "base64": base64.b64encode(SIGNATURE) + b"\r\n",
}


def check(folder: Path, signature: bytes, message: bytes = MESSAGE, key: str = KEY) -> None:
    for name, data in (("list.txt", message), ("list.sig", signature)):
        (folder / name).write_bytes(data)
    check_signature(folder / "list.txt", folder / "list.sig", key)


@pytest.mark.parametrize("signature", FORMS.values(), ids=FORMS.keys())
def test_a_good_signature_is_taken_in_each_form(tmp_path: Path, signature: bytes) -> None:
    check(tmp_path, signature)


@pytest.mark.parametrize("message", [b"s", b"72", b"r\n"])
def test_another_file_is_refused(tmp_path: Path, message: bytes) -> None:
    with pytest.raises(ListError, match="is no signature of this file by the list's key"):
        check(tmp_path, SIGNATURE, message)


def test_another_key_is_refused(tmp_path: Path) -> None:
    other = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    with pytest.raises(ListError, match="is no signature of this file"):
        check(tmp_path, SIGNATURE, key=other)


def test_one_bit_makes_it_no_signature(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="is no signature of this file"):
        check(tmp_path, bytes([SIGNATURE[0] ^ 1]) + SIGNATURE[1:])


@pytest.mark.parametrize("signature", [b"", b"x" * 63, b"zz" * 64, bytes(2000)])
def test_what_is_no_signature_says_so(tmp_path: Path, signature: bytes) -> None:
    with pytest.raises(ListError, match="is no Ed25519 signature"):
        check(tmp_path, signature)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="is empty"):
        check(tmp_path, SIGNATURE, b"")


def test_without_a_signature_a_signed_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="give its signature with --signature"):
        check_signature(tmp_path / "list.txt", None, KEY)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"list\.sig: cannot be read"):
        check_signature(tmp_path / "list.txt", tmp_path / "list.sig", KEY)
    (tmp_path / "list.sig").write_bytes(SIGNATURE)
    with pytest.raises(ListError, match=r"list\.txt: cannot be read"):
        check_signature(tmp_path / "list.txt", tmp_path / "list.sig", KEY)


def test_what_is_read_is_what_was_judged_whatever_becomes_of_the_file(tmp_path: Path) -> None:
    file, signature, own = tmp_path / "list.txt", tmp_path / "list.sig", tmp_path / "own"
    own.mkdir()
    file.write_bytes(MESSAGE)
    signature.write_bytes(SIGNATURE)
    with signed_copy(file, signature, KEY, own) as copy:
        file.write_bytes(b"another list")
        assert (copy.read_bytes(), copy.name) == (MESSAGE, "list.txt")
        assert copy.parent.stat().st_mode & 0o077 == 0
    assert list(own.iterdir()) == []


def test_no_copy_is_left_of_a_file_that_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "list.txt").write_bytes(b"another list")
    (tmp_path / "list.sig").write_bytes(SIGNATURE)
    with (
        pytest.raises(ListError, match="is no signature"),
        signed_copy(tmp_path / "list.txt", tmp_path / "list.sig", KEY, own),
    ):
        pass
    assert list(own.iterdir()) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ListError, match=r"gone\.txt: cannot be read"),
        signed_copy(tmp_path / "gone.txt", None, KEY, tmp_path),
    ):
        pass
