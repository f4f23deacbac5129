"""What the tests of all forms share: a file of some content, and what is read of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from upload_guard.errors import ListError
from upload_guard.lists.formats import HashFile, ListedHash
from upload_guard.records import SignalType

MD5, SHA1, SHA256 = "0f" * 16, "1e" * 20, "2d" * 32
PDQ, PHASH = "3c" * 32, "4b" * 8


def listed(kind: SignalType, digits: str, category: str = "") -> ListedHash:
    return ListedHash(kind, bytes.fromhex(digits), category)


def file_of(folder: Path, content: str | bytes) -> Path:
    # The name says nothing of the form.
    file = folder / "list.dat"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def read(folder: Path, content: str | bytes, form: str | None = None) -> list[ListedHash]:
    return list(HashFile(file_of(folder, content), form=form))


def left_out(folder: Path, content: str | bytes) -> dict[str, int]:
    file = HashFile(file_of(folder, content))
    for _ in file:
        pass
    return dict(file.left_out)


def fault_of(folder: Path, content: str | bytes, form: str | None = None) -> str:
    with pytest.raises(ListError) as caught:
        read(folder, content, form)
    return str(caught.value).removeprefix(f"{folder}/")
