"""VICS JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lists.formats.reading import MD5, SHA1, fault_of, left_out, listed, read
from upload_guard.records import SignalType

ENVELOPES = {
    "1.3": {"odata.metadata": "http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Media"},
    "2.0": {
        "@odata.context": "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/Default/$metadata#Media"
    },
}
MEDIUM = {
    "MediaID": 7,
    "MD5": MD5.upper(),
    "SHA1": SHA1,
    "Category": 1,
    "MediaSize": 12.5,
    "Exifs": [{"PropertyName": "value", "MD5": "no hash"}],
    "value": [{"MD5": "no hash either"}],
}


def vics(*media: Any, envelope: dict[str, str] = ENVELOPES["1.3"], **more: Any) -> str:
    return json.dumps(envelope | {"value": list(media)} | more, indent=1)


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES.keys())
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["bare", "byte order mark"])
def test_media_of_both_versions_are_read(tmp_path: Path, envelope: dict[str, str], mark: str) -> None:
    expected = [listed(SignalType.MD5, MD5, "1"), listed(SignalType.SHA1, SHA1, "1")]
    content = vics(MEDIUM, MEDIUM, envelope=envelope, count=2)
    assert read(tmp_path, mark + content) == expected * 2
    assert read(tmp_path, (mark + content).replace("/", "\\/").replace("\n", "\r\n")) == expected * 2


@pytest.mark.parametrize(("said", "category"), [(2, "2"), ("A1", "A1"), (None, "")])
def test_the_category_is_the_suppliers_own_name(tmp_path: Path, said: object, category: str) -> None:
    found = read(tmp_path, vics({"MD5": MD5, "Category": said}))
    assert found == [listed(SignalType.MD5, MD5, category)]


def test_media_without_digests_are_left_out_and_counted(tmp_path: Path) -> None:
    content = vics({"MD5": None, "SHA1": "", "Category": 1}, MEDIUM)
    assert len(read(tmp_path, content)) == 2
    assert left_out(tmp_path, content) == {"media without MD5 and SHA-1": 1}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (vics(MEDIUM, {"MD5": "x"}), "medium 2: is no hash"),
        (vics(MEDIUM, {"MD5": 5}), "medium 2: its md5 is no text"),
        (vics(MEDIUM, "text"), "is no VICS: string among its media"),
        (vics(MEDIUM, {"MD5": [MD5]}), "medium 2: its md5 is no text"),
        (vics(MEDIUM, {"MD5": MD5, "Category": {}}), "medium 2: its Category is no number"),
        (vics()[:-3] + "\x01", "is not JSON after medium 0: lexical error: invalid char"),
        (vics()[:-3] + '{"MD5":' + "[" * 100_000, "more than 64 levels deep"),
        (vics({"MD5": MD5, "Category": True}), "medium 1: its Category is no number"),
        (vics({"MD5": MD5, "Category": 1.5}), "medium 1: its Category is no number"),
        (vics(MEDIUM)[:-9], "is not JSON after medium"),
        (vics(MEDIUM) + "{}", "is not JSON after medium 1"),
        (vics(MEDIUM, envelope={"odata.metadata": "1.4.xml#Media"}), "is neither VICS 1.3 nor 2.0"),
        (vics(MEDIUM, envelope={"@odata.context": "1.3.xml#Media"}), "is neither VICS 1.3 nor 2.0"),
    ],
    ids=lambda value: value if len(value) < 50 else "",
)
def test_what_is_not_vics_whole_is_refused(tmp_path: Path, content: str, why: str) -> None:
    assert why in fault_of(tmp_path, content)


def test_a_file_said_to_be_vics_must_say_so_itself(tmp_path: Path) -> None:
    assert "is no VICS" in fault_of(tmp_path, json.dumps({"value": [MEDIUM]}), "vics")
