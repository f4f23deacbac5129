"""The one pipeline that every door calls: check, judge, keep. Knows neither a checker nor a keeper."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from upload_guard.errors import CheckFailed, StorageFailed, Unavailable, UploadGuardError
from upload_guard.policy import Policy, judge, passed_unchecked
from upload_guard.records import CANARY, Findings, Outcome, Result, Upload, Verdict
from upload_guard.stages import Stage, timed

log = logging.getLogger(__name__)


class Checker(Protocol):
    """Says what is known of an upload.

    `Findings` where judging and keeping are still to come; an `Outcome` where another upload_guard has
    already done both. `deadline` is the moment of the monotonic clock at which the whole request should be
    done. Raises `Unavailable` if nothing can be said.
    """

    def check(self, upload: Upload, deadline: float) -> Findings | Outcome: ...


class Keeper(Protocol):
    """Keeps a refused upload and opens a case; raises `StorageFailed` with nothing half stored."""

    def keep(self, upload: Upload, verdict: Verdict, findings: Findings) -> str: ...


class Observer(Protocol):
    """Is told of every upload that was judged here, or passed unchecked, and acted upon; decides nothing."""

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None: ...


@dataclass(frozen=True, slots=True)
class Guard:
    """`keeper` is None where a sidecar keeps what it refuses.

    `inspector` answers `inspect` where asking `checker` has the upload kept elsewhere, as a sidecar does. All
    uploads of one request share `patience`, in seconds: many files must not buy more work than one.
    """

    checker: Checker
    keeper: Keeper | None
    policy: Policy
    patience: float = 60.0
    inspector: Checker | None = None
    observers: tuple[Observer, ...] = ()

    def check(self, uploads: Sequence[Upload]) -> tuple[Outcome, ...]:
        """An outcome for each upload of one request. What is refused has been kept when this returns.

        All are judged before any is kept. Raises `Unavailable` where one could not be checked and the
        policy is closed.
        """
        deadline = time.monotonic() + self.patience
        judged = [self._judge(self.checker, upload, deadline) for upload in uploads]
        return tuple(self._settle(upload, one) for upload, one in zip(uploads, judged, strict=True))

    def inspect(self, upload: Upload) -> Verdict:
        """The verdict alone: nothing is kept, no case is opened."""
        judged = self._judge(self.inspector or self.checker, upload, time.monotonic() + self.patience)
        return judged.verdict if isinstance(judged, Outcome) else judged[0]

    def _judge(self, checker: Checker, upload: Upload, deadline: float) -> Outcome | tuple[Verdict, Findings]:
        try:
            answer = _ask(checker, upload, deadline)
        except Unavailable as fault:
            if fault.code not in self.policy.open_on:
                raise
            log.warning("passed unchecked: %s (%s)", fault.code, fault)
            return passed_unchecked(fault.code), Findings(unchecked=fault.code)
        if isinstance(answer, Outcome):
            return answer
        with timed(Stage.JUDGE):
            return judge(answer, self.policy, datetime.now(UTC)), answer

    def _settle(self, upload: Upload, judged: Outcome | tuple[Verdict, Findings]) -> Outcome:
        outcome = judged if isinstance(judged, Outcome) else self._act(upload, *judged)
        _report(upload, outcome)
        return outcome

    def _act(self, upload: Upload, verdict: Verdict, findings: Findings) -> Outcome:
        if findings.canary:
            # Anybody may send this public file, so nothing is kept of it and it counts for nothing.
            return Outcome(verdict, CANARY)
        case = self._kept(upload, verdict, findings) if verdict.action.refuses else ""
        outcome = Outcome(verdict, case)
        for observer in self.observers:
            _tell(observer, upload, outcome, findings)
        return outcome

    def _kept(self, upload: Upload, verdict: Verdict, findings: Findings) -> str:
        if self.keeper is None:
            raise StorageFailed("an upload is to be held, and no keeper is configured")
        with timed(Stage.KEEP):
            return self.keeper.keep(upload, verdict, findings)


def _tell(observer: Observer, upload: Upload, outcome: Outcome, findings: Findings) -> None:
    """What is noted for later must not undo what was decided now."""
    try:
        observer.note(upload, outcome, findings)
    except Exception as fault:  # noqa: BLE001 - whatever it is
        log.warning("ALARM: %s could not note an upload: %s", type(observer).__name__, fault)


def _ask(checker: Checker, upload: Upload, deadline: float) -> Findings | Outcome:
    try:
        return checker.check(upload, deadline)
    except UploadGuardError:
        raise
    except Exception as fault:
        log.exception("a check failed with an error of our own")
        raise CheckFailed(f"{type(fault).__name__}") from fault


def _report(upload: Upload, outcome: Outcome) -> None:
    """One line for the administrator. No file name, no hash, no distance: the case has them.

    What is only monitored has no case, so the line says which entry it was.
    """
    verdict = outcome.verdict
    entry = next((f"{one.list_name} v{one.version} #{one.entry}" for one in verdict.matches), "-")
    log.log(
        logging.DEBUG if verdict.result is Result.CLEAN else logging.WARNING,
        "%s %s reason=%s entry=%s case=%s site=%s size=%d",
        verdict.action.label,
        verdict.result,
        verdict.reason or "-",
        entry,
        outcome.case or "-",
        upload.source.site or "-",
        upload.digest.size,
    )
