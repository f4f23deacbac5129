"""What becomes of uploads that passed unchecked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from upload_guard.compose.hooks import named_function
from upload_guard.errors import ServiceUnreachable
from upload_guard.guard import Guard
from upload_guard.late.entries import LateEntry, LateMatch
from upload_guard.policy import judge
from upload_guard.records import Outcome, Result, Signal, SignalType, Upload
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.checkers.local import LocalChecker
    from upload_guard.checkers.remote import RemoteChecker
    from upload_guard.housekeeping import Job
    from upload_guard.late.checks import Asked
    from upload_guard.late.queue import LateQueue

Hook = Callable[[LateMatch], object]


def build_late_queue(settings: Settings) -> LateQueue | None:
    """The queue, where any policy lets uploads pass unchecked. Raises `MasterKeyError`."""
    if not settings.passes_unchecked:
        return None
    from upload_guard.keyring import open_keyring
    from upload_guard.late.queue import LateLimits, LateQueue

    own = settings.late
    limits = LateLimits(own.max_bytes, own.max_entries, own.max_age_hours * 3600)
    return LateQueue(settings.late_dir, limits, open_keyring(settings), settings.spool_dir)


def late_job(queue: LateQueue, asked: Asked, hook: Hook | None) -> Job:
    """Drains the queue now and then."""
    from upload_guard.housekeeping import Job
    from upload_guard.late.checks import LateChecks

    return Job("late-checks", LateChecks(queue, asked, hook).run)


def ask_sidecar(guard: Guard, checker: RemoteChecker) -> Asked:
    """Late checks by a sidecar."""
    from upload_guard.checkers.wire import SignalsQuestion
    from upload_guard.late.checks import Asked

    def by_digest(_upload: Upload, entry: LateEntry) -> Outcome | None:
        question = SignalsQuestion(sha256=entry.sha256, size=entry.size, md5=entry.md5, sha1=entry.sha1)
        return checker.check_digests(question, guard.until())

    return Asked(_strictly(guard), by_digest)


def ask_here(guard: Guard, checker: LocalChecker) -> Asked:
    """Late checks by this process."""
    from upload_guard.checkers.upstreams.asking import NEEDS_FILE
    from upload_guard.late.checks import Asked

    def by_digest(upload: Upload, entry: LateEntry) -> Outcome | None:
        signals = (
            upload.digest.signal(),
            Signal(SignalType.MD5, bytes.fromhex(entry.md5)),
            Signal(SignalType.SHA1, bytes.fromhex(entry.sha1)),
        )
        findings = checker.compare_and_ask(signals, upload.digest.sha256, upload.source.site, guard.until())
        verdict = judge(findings, guard.policy, datetime.now(UTC))
        if verdict.action.refuses:
            return Outcome(verdict)
        for silent in findings.unanswered:
            if silent.code != NEEDS_FILE:
                raise ServiceUnreachable(f"check service {silent.upstream}: {silent.why}")
        # Nothing was seen of what is in it.
        return None if findings.unanswered or verdict.result is Result.CLEAN else Outcome(verdict)

    return Asked(_strictly(guard), by_digest)


def _strictly(guard: Guard) -> Callable[[Upload], Outcome]:
    """Checks by a policy that lets nothing pass unchecked: it would end its wait without a look."""
    strict = replace(guard, policy=replace(guard.policy, open_on=frozenset()), late=None)
    return lambda upload: strict.check([upload])[0]


def hook_of(settings: Settings) -> Hook | None:
    """The function that `late.on_late_match` names, imported when it is first needed. Raises `ConfigError`.

    Not before, since its module may import the very application that is being built.
    """
    path = settings.late.on_late_match
    if not path:
        return None
    return named_function("late.on_late_match", path)
