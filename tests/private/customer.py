"""A customer who asks `PrivateChecks` without HTTP between, step by step."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

from tests.support import digests_of, settings_in
from upload_guard.compose import open_lists, open_private_checks, prepare_private_set, private_set_is_due
from upload_guard.lists.formats import ListedHash
from upload_guard.private.checks import PrivateChecks
from upload_guard.private.marks import OBLIVIOUS, Mark, input_of
from upload_guard.private.wire import EvaluateQuestion
from upload_guard.records import SignalType
from upload_guard.settings import Settings

KEY = "tester"
LISTED = b"a file on the list"
QUOTA = 40


def listed(data: bytes = LISTED) -> list[ListedHash]:
    """Its SHA-256 and MD5, and something that has a distance."""
    digests = digests_of(data)
    return [
        ListedHash(SignalType.SHA256, digests.sha256),
        ListedHash(SignalType.MD5, digests.md5),
        ListedHash(SignalType.PDQ, digests.sha256),
    ]


def settings_with(folder: Path, disclose: str = "oblivious", **sections: object) -> Settings:
    lists = {"test-list": {"disclose": disclose}} if disclose else {}
    given = {"lists": lists, "private": {"evaluations_per_day": QUOTA}, "benign": {"shipped": False}}
    return settings_in(folder, **given | sections)


def prepare(settings: Settings) -> PrivateChecks:
    """What is in force is offered from now on, by what this returns."""
    lists = open_lists(settings)
    if private_set_is_due(settings, lists):
        prepare_private_set(settings, lists)
    checks = open_private_checks(settings)
    assert checks is not None
    return checks


def categories(checks: PrivateChecks, kind: SignalType, value: bytes) -> tuple[str, ...] | None:
    """Those of a listed digest, None for another. Raises what the service does, as `QuotaSpent`."""
    offer = checks.offer(KEY)
    blinded = OBLIVIOUS.blind(input_of(kind, value))
    answer = checks.evaluate(KEY, EvaluateQuestion(epoch=offer.epoch, elements=(blinded.element.hex(),)))
    evaluated = [bytes.fromhex(one) for one in answer.elements]
    public = bytes.fromhex(offer.oblivious.public_key)
    OBLIVIOUS.verify(public, [blinded.element], evaluated, bytes.fromhex(answer.proof))
    mark = Mark.of(OBLIVIOUS.finalize(blinded, evaluated[0]))
    (bucket,) = checks.buckets(offer.epoch, [mark.number(offer.oblivious.bits)]).buckets
    label = mark.label_in(base64.b64decode(bucket))
    return None if label is None else offer.labels[label]


def under_another_key(checks: PrivateChecks) -> PrivateChecks:
    """As after another master key was put in place."""
    other = OBLIVIOUS.key_pair(bytes(32), b"another master key")
    return replace(checks, key_of=lambda _period: other)
