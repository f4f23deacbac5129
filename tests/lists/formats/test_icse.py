"""The baseline CSV of ICSE."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lists.formats.reading import MD5, SHA1, fault_of, left_out, listed, read
from upload_guard.records import SignalType

HEADER = (
    "MD5;SHA1;PhotoDNA;Image ID;Is distributed;Victim identified;Offender identified;Series name;"
    "Number of submissions;File Available;Media Type;Baseline\n"
)


def row(
    md5: str = MD5, sha1: str = SHA1, pdna: str = "", media: str = "Image", baseline: str = "True"
) -> str:
    return f"{md5};{sha1};{pdna};4711;True;False;False;A series, of some;3;True;{media};{baseline}\n"


@pytest.mark.parametrize(
    ("said", "category"),
    [("True", "baseline"), ("yes", "baseline"), ("1", "baseline"), ("False", "other"), ("", "other")],
)
def test_the_column_baseline_makes_the_category(tmp_path: Path, said: str, category: str) -> None:
    expected = [listed(SignalType.MD5, MD5, category), listed(SignalType.SHA1, SHA1, category)]
    assert read(tmp_path, HEADER + row(baseline=said)) == expected


def test_a_baseline_that_is_neither_yes_nor_no_refuses_the_file(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, HEADER + row() + row(baseline="perhaps"))
    assert fault == "list.dat:3: Baseline is 'perhaps', neither yes nor no"


def test_byte_order_mark_and_crlf_are_taken(tmp_path: Path) -> None:
    content = ("\ufeff" + HEADER + row(MD5.upper())).replace("\n", "\r\n")
    assert len(read(tmp_path, content)) == 2


def test_what_cannot_act_is_left_out_and_counted(tmp_path: Path) -> None:
    content = HEADER + row(media="Video") + row("", "", "AAEC") + row(pdna="AAEC", media="")
    assert len(read(tmp_path, content)) == 2
    assert left_out(tmp_path, content) == {
        "videos": 1,
        "PhotoDNA hashes": 2,
        "images without MD5 and SHA-1": 1,
    }


def test_a_digest_that_is_none_is_named_by_file_and_line(tmp_path: Path) -> None:
    assert fault_of(tmp_path, HEADER + row() + row(MD5[:-2])).startswith("list.dat:3: is no hash: 30 digits")
