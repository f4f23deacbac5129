"""The tree of errors: each class says enough for a door to answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from upload_guard import answers, errors
from upload_guard.errors import HandoverBusy, RateLimited, Unavailable, Unscannable, UploadGuardError


def tree(root: type[UploadGuardError]) -> Iterator[type[UploadGuardError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__.startswith(f"{errors.__name__}."):
            yield from tree(child)


ALL = list(tree(UploadGuardError))
every_error = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)


def made(kind: type[UploadGuardError]) -> UploadGuardError:
    return kind("for the administrator")


def test_every_error_of_the_module_stands_in_the_tree() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    assert set(classes) == set(ALL)


def test_no_two_errors_have_one_code() -> None:
    codes = Counter(kind.code for kind in ALL)
    assert [code for code, count in codes.items() if count > 1] == []


@every_error
def test_an_error_says_of_itself_what_it_is_for(kind: type[UploadGuardError]) -> None:
    assert (vars(kind).get("__doc__") or "").strip()


@every_error
def test_an_error_has_all_that_an_answer_needs(kind: type[UploadGuardError]) -> None:
    assert 400 <= HTTPStatus(kind.status) < 600
    assert kind.code.replace("_", "").isalpha()
    assert kind.public.endswith(".")


@every_error
def test_the_administrator_reads_the_message_and_the_uploader_does_not(kind: type[UploadGuardError]) -> None:
    assert str(made(kind)) == "for the administrator"
    assert "administrator" not in made(kind).public


@every_error
def test_exactly_what_is_unavailable_or_too_much_or_busy_may_be_tried_again(
    kind: type[UploadGuardError],
) -> None:
    assert kind.retryable is issubclass(kind, (Unavailable, RateLimited, HandoverBusy))
    assert (kind.status == HTTPStatus.SERVICE_UNAVAILABLE) is issubclass(kind, Unavailable)


@every_error
def test_every_public_sentence_can_be_said_in_dutch(kind: type[UploadGuardError]) -> None:
    dutch = answers._FAULT_SENTENCES.get(kind.public)
    assert dutch, f"no Dutch for {kind.public!r}"
    assert dutch != kind.public


@every_error
def test_every_status_has_a_phrase(kind: type[UploadGuardError]) -> None:
    assert answers._PHRASES.get(kind.status)


@every_error
@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_error_can_be_answered(kind: type[UploadGuardError], language: str) -> None:
    answer = answers.fault({"HTTP_ACCEPT_LANGUAGE": language}, made(kind), 30)
    assert answer.status.startswith(f"{kind.status} ")
    assert dict(answer.headers).get("Retry-After") == ("30" if kind.retryable else None)
    assert b"administrator" not in answer.body


def test_no_dutch_sentence_is_left_over() -> None:
    assert set(answers._FAULT_SENTENCES) <= {kind.public for kind in ALL}


def test_an_unscannable_image_names_its_reason_apart_from_the_detail() -> None:
    fault = Unscannable("truncated", "4 bytes missing")
    assert fault.reason == "truncated"
    assert str(fault) == "truncated: 4 bytes missing"
    assert str(Unscannable("truncated")) == "truncated"
