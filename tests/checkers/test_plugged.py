"""A signal type of a plug-in on its whole way: settings, list, sandbox, search, verdict."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from tests.onnx_model import LIMIT, TYPE, files_in
from tests.support import activate_list, picture_bytes, recompressed, settings_in, upload_of
from upload_guard.checkers.explainer import Explainer
from upload_guard.checkers.local import LocalChecker
from upload_guard.compose import open_lists
from upload_guard.compose.checking import build_checker, declared_in
from upload_guard.compose.rules import build_policy
from upload_guard.doctor.here import steps_here
from upload_guard.doctor.steps import State
from upload_guard.errors import CheckFailed, ListError
from upload_guard.imaging.onnx import OnnxHash
from upload_guard.lists.formats import ListedHash, read_hashes
from upload_guard.policy import judge
from upload_guard.records import Action, Findings, Result, SignalType
from upload_guard.settings import Settings
from upload_guard.testing import view_of

LISTED, OTHER = picture_bytes(1), picture_bytes(2)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What stands under [signals.neuralhash]."""
    declared = files_in(tmp_path_factory.mktemp("model")).declared()
    return {"bits": 96, "limit": LIMIT, "options": dict(declared.options)}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, table: dict[str, object]) -> Settings:
    """One list with the plug-in's hash of one picture, and nothing else."""
    own = settings_in(tmp_path_factory.mktemp("plugged"), signals={"neuralhash": table})
    activate_list(own, [ListedHash(TYPE, own_hash(own, LISTED))])
    return own


@pytest.fixture(scope="module")
def checker(settings: Settings) -> Iterator[LocalChecker]:
    found = build_checker(settings)
    with closing(found.sandbox):
        yield found


def own_hash(settings: Settings, data: bytes) -> bytes:
    (declared,) = declared_in(settings)
    with Image.open(io.BytesIO(data)) as image:
        return next(iter(OnnxHash(declared).hashes(view_of(image)))).value


def verdict_of(settings: Settings, findings: Findings) -> tuple[Result, Action]:
    verdict = judge(findings, build_policy(settings), datetime.now(UTC))
    return verdict.result, verdict.action


def test_the_listed_picture_is_held(settings: Settings, checker: LocalChecker) -> None:
    found = checker.check(upload_of(LISTED), math.inf)
    assert {(match.signal_type, match.limit) for match in found.matches} == {(TYPE, LIMIT)}
    assert verdict_of(settings, found) == (Result.MATCH, Action.QUARANTINE)


def test_so_is_a_smaller_copy_of_it_on_its_side(settings: Settings, checker: LocalChecker) -> None:
    small = recompressed(LISTED, (320, 240))
    out = io.BytesIO()
    Image.open(io.BytesIO(small)).transpose(Image.Transpose.ROTATE_90).save(out, "PNG")
    found = checker.check(upload_of(out.getvalue()), math.inf)
    assert verdict_of(settings, found) == (Result.MATCH, Action.QUARANTINE)
    assert "turned 270" in {match.variant for match in found.matches}


def test_another_picture_is_clean(settings: Settings, checker: LocalChecker) -> None:
    found = checker.check(upload_of(OTHER), math.inf)
    assert verdict_of(settings, found) == (Result.CLEAN, Action.ALLOW)
    assert TYPE in {signal.type for signal in found.signals}


def test_explain_sees_what_lies_just_beyond_the_limit(settings: Settings, checker: LocalChecker) -> None:
    listed = own_hash(settings, LISTED)
    beyond = (int.from_bytes(listed) ^ ((1 << (LIMIT + 6)) - 1)).to_bytes(TYPE.size)
    activate_list(settings, [ListedHash(TYPE, beyond)], name="second")
    again = build_checker(settings)
    with closing(again.sandbox):
        explained = Explainer(again, lambda _: build_policy(settings), 60).of_file(upload_of(LISTED))
    assert {(match.list_name, match.distance) for match in explained.beyond} == {("second", LIMIT + 6)}


def test_a_list_may_have_a_limit_of_its_own(settings: Settings) -> None:
    lists = {"test-list": {"signal_limits": {"neuralhash": 3}}}
    own = Settings.model_validate(settings.model_dump() | {"lists": lists})
    limits = build_checker(own).distances
    assert [limits.limit(TYPE, name) for name in ("test-list", "another")] == [3, LIMIT]


# What lists may hold ------------------------------------------------------------------------------

FORMS = {
    "csv": "type,hash,category\nneuralhash-96,{hash},baseline\n",
    "jsonl": '{{"type": "neuralhash-96", "value": "{hash}", "category": "baseline"}}\n',
    "plain": "{hash}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_names_types_takes_it(tmp_path: Path, form: str) -> None:
    value = bytes(range(12))
    file = tmp_path / "list"
    file.write_text(FORMS[form].format(hash=value.hex()))
    (found,) = read_hashes(file, TYPE if form == "plain" else None)
    assert (found.signal_type, found.value) == (TYPE, value)


def test_a_hash_of_another_size_is_none(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text(FORMS["csv"].format(hash="00" * 16))
    with pytest.raises(ListError, match="32 digits, expected 24 digits for neuralhash-96"):
        list(read_hashes(file))


def test_what_nothing_here_computes_is_refused_as_it_could_never_be_met(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"which nothing here computes: \[signals.neuralhash\]"):
        activate_list(settings_in(tmp_path), [ListedHash(TYPE, bytes(range(12)))])


def test_so_is_one_of_another_size_than_is_computed(settings: Settings) -> None:
    other = SignalType("neuralhash-128")
    with pytest.raises(ListError, match="neuralhash-128, which nothing here computes"):
        open_lists(settings).add("test-list", [ListedHash(other, bytes(range(16)))], "baseline", "ann")


def test_a_list_stays_readable_when_the_plug_in_is_gone(settings: Settings) -> None:
    """Whoever takes the table out of the settings must be able to start, and to take the list out."""
    without = Settings.model_validate(settings.model_dump() | {"signals": {}})
    snapshot = open_lists(without).load()
    assert snapshot.looks == (TYPE,)
    (entry,) = open_lists(without).entries("test-list", None)
    assert entry.signal_type is TYPE


def test_then_what_passes_says_that_it_was_not_compared_with_it(settings: Settings) -> None:
    """Clean by the other entries, with what was skipped named; doctor says so, too."""
    without = Settings.model_validate(settings.model_dump() | {"signals": {}})
    activate_list(without, [ListedHash(SignalType.MD5, bytes(range(16)))], name="of-files")
    checker = build_checker(without)
    with closing(checker.sandbox):
        found = checker.check(upload_of(LISTED), math.inf)
    assert (found.matches, found.unchecked) == ((), "")
    assert "neuralhash-96 is listed and not computed" in found.degraded
    (lists,) = [step.said for step in steps_here(without) if step.name == "lists"]
    assert lists.state is State.WARNING
    assert "nothing computes neuralhash-96" in lists.told


def test_where_lists_hold_nothing_else_nothing_was_checked(tmp_path: Path, table: dict[str, object]) -> None:
    own = settings_in(tmp_path, signals={"neuralhash": table})
    activate_list(own, [ListedHash(TYPE, bytes.fromhex("0123456789abcdef00ff00ff"))])
    checker = build_checker(Settings.model_validate(own.model_dump() | {"signals": {}}))
    with closing(checker.sandbox):
        found = checker.check(upload_of(OTHER), math.inf)
    assert found.unchecked == "no_list"
    assert verdict_of(own, found) == (Result.UNCHECKED, Action.ALLOW)


# A sandbox that cannot start ----------------------------------------------------------------------


def test_with_another_model_nothing_is_checked_and_the_fault_says_why(
    tmp_path: Path, table: dict[str, object]
) -> None:
    options = {**table["options"], "model_sha256": "0" * 64}  # type: ignore[dict-item]
    own = settings_in(tmp_path, signals={"neuralhash": table | {"options": options}})
    activate_list(own, [ListedHash(TYPE, bytes.fromhex("0123456789abcdef00ff00ff"))])
    checker = build_checker(own)
    with closing(checker.sandbox), pytest.raises(CheckFailed, match="model_sha256 says 0000"):
        checker.check(upload_of(LISTED), math.inf)
