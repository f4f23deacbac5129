"""What goes over the wire when a sidecar is asked by hashes alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from upload_guard.checkers.wire import SignalsAnswer, SignalsQuestion
from upload_guard.records import SignalType

CLEAN = {"result": "clean", "action": "allow"}
REFUSED = {"result": "match", "action": "quarantine"}


@pytest.mark.parametrize(("need_file", "verdict"), [("no", CLEAN), ("to_keep", REFUSED), ("to_look", None)])
def test_an_answer_hangs_together(need_file: str, verdict: dict[str, str] | None) -> None:
    answer = SignalsAnswer.model_validate({"need_file": need_file, "verdict": verdict})
    assert SignalsAnswer.model_validate_json(answer.model_dump_json()) == answer


@pytest.mark.parametrize(
    ("need_file", "verdict"),
    [("no", None), ("no", REFUSED), ("to_keep", CLEAN), ("to_keep", None), ("to_look", CLEAN)],
)
def test_one_that_does_not_is_no_answer(need_file: str, verdict: dict[str, str] | None) -> None:
    with pytest.raises(ValidationError):
        SignalsAnswer.model_validate({"need_file": need_file, "verdict": verdict})


def test_a_question_becomes_the_signals_that_it_has() -> None:
    question = SignalsQuestion(sha256="AB" * 32, md5="cd" * 16)
    assert {(signal.type, signal.value) for signal in question.signals()} == {
        (SignalType.SHA256, b"\xab" * 32),
        (SignalType.MD5, b"\xcd" * 16),
    }


def test_a_site_that_asks_by_hashes_imports_nothing_heavy() -> None:
    code = "import sys, upload_guard.checkers.wire; print({'numpy', 'PIL', 'sqlalchemy'} & set(sys.modules))"
    asked = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert asked.stdout.strip() == "set()"
