"""Our own JSON Lines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.lists.formats.reading import MD5, PDQ, fault_of, listed, read
from upload_guard.lists.formats import HashFile, ListedHash
from upload_guard.records import SignalType


def test_a_line_says_everything(tmp_path: Path) -> None:
    line = (
        f'{{"type": "pdq", "value": "{PDQ}", "category": "ill\u00e9gal", "since": "2026-05-01T00:00:00.5"}}\n'
    )
    since = datetime(2026, 5, 1, microsecond=500_000, tzinfo=UTC)
    assert read(tmp_path, line) == [ListedHash(SignalType.PDQ, bytes.fromhex(PDQ), "ill\u00e9gal", since)]


def test_little_is_needed_and_more_is_passed_over(tmp_path: Path) -> None:
    content = (
        f'\ufeff{{"value": "{MD5.upper()}", "note": {{"a": 1}}}}\r\n\r\n{{"type":"MD5","value":"{MD5}"}}'
    )
    assert read(tmp_path, content) == [listed(SignalType.MD5, MD5)] * 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"type": "pdq", "value": "' + MD5 + '"}', "32 digits, expected 64 digits for pdq"),
        ('{"type": "sha512", "value": "' + PDQ + '"}', "unknown signal type"),
        ('{"type": "md5"}', "is no hash"),
        ('{"value": 5}', "'value' is no text"),
        ('{"value": "' + MD5, "not a line of JSON"),
        ("[]", "no object with"),
        (MD5, "not a line of JSON"),
        ('{"value": "' + MD5 + '", "since": "soon"}', "'soon' is no time"),
    ],
)
def test_a_bad_line_is_named_by_file_and_line(tmp_path: Path, line: str, why: str) -> None:
    fault = fault_of(tmp_path, f'{{"value": "{MD5}"}}\n{line}\n')
    assert fault.startswith("list.dat:2: ")
    assert why in fault


@pytest.mark.parametrize("opinion", ["negative", "disputed"])
def test_what_its_own_supplier_has_an_opinion_against_is_left_out_and_counted(
    tmp_path: Path, opinion: str
) -> None:
    file = tmp_path / "list.dat"
    file.write_text(
        f'{{"type": "md5", "value": "{MD5}", "opinion": "{opinion}"}}\n'
        f'{{"type": "pdq", "value": "{PDQ}", "opinion": "positive"}}\n'
    )
    hashes = HashFile(file, None)
    assert list(hashes) == [listed(SignalType.PDQ, PDQ)]
    assert hashes.left_out == {f"entries whose opinion is {opinion}": 1}


def test_even_what_is_left_out_must_be_a_hash(tmp_path: Path) -> None:
    assert "32 digits" in fault_of(tmp_path, f'{{"type": "pdq", "value": "{MD5}", "opinion": "negative"}}')
