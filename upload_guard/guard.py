"""The one pipeline that every door calls: check, judge, keep. Knows neither a checker nor a keeper."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from upload_guard.errors import (
    BodyTooLarge,
    CheckFailed,
    ServiceTimeout,
    ServiceUnreachable,
    StorageFailed,
    Unavailable,
    UploadGuardError,
    UpstreamSilent,
)
from upload_guard.policy import Policy, judge, passed_unchecked
from upload_guard.records import CANARY, Findings, Match, Outcome, Result, Unanswered, Upload, Verdict
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


class LateKeeper(Protocol):
    """Keeps what passes unchecked for a later check and says how; raises `StorageFailed` if it cannot."""

    def add(self, upload: Upload, cause: str) -> str: ...


class Observer(Protocol):
    """Is told of every upload that was judged here, or passed unchecked, and acted upon; decides nothing."""

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None: ...


@dataclass(frozen=True, slots=True)
class Guard:
    """`keeper` is None where a sidecar keeps what it refuses.

    `late` keeps what passes unchecked. `inspector` answers `inspect` where asking `checker` has the upload
    kept elsewhere, as a sidecar does. All uploads of one request share `patience`, in seconds: many files
    must not buy more work than one.
    """

    checker: Checker
    keeper: Keeper | None
    policy: Policy
    patience: float = 60.0
    inspector: Checker | None = None
    observers: tuple[Observer, ...] = ()
    late: LateKeeper | None = None

    def check(self, uploads: Sequence[Upload]) -> tuple[Outcome, ...]:
        """An outcome for each upload of one request. What is refused has been kept when this returns.

        All are judged before any is kept. Raises `Unavailable` or `BodyTooLarge` where one could not be
        checked and the policy is closed.
        """
        deadline = self.until()
        return self._settled(uploads, [self._judge(self.checker, upload, deadline) for upload in uploads])

    def over_limit(self, uploads: Sequence[Upload], fault: BodyTooLarge) -> tuple[Outcome, ...]:
        """For uploads that are too large to be checked. Raises `fault` where the policy is closed."""
        return self._settled(uploads, [self._unchecked(fault) for _ in uploads])

    def until(self) -> float:
        """The deadline of a request that comes now."""
        return time.monotonic() + self.patience

    def inspect(self, upload: Upload) -> Verdict:
        """The verdict alone: nothing is kept, no case is opened."""
        return self.examine(upload).verdict

    def examine(self, upload: Upload) -> Judged:
        """The verdict and what it rests on; nothing is kept. Raises as `check`."""
        return self._judge(self.inspector or self.checker, upload, self.until())

    def _judge(self, checker: Checker, upload: Upload, deadline: float) -> Judged:
        try:
            answer = _ask(checker, upload, deadline)
        except (Unavailable, BodyTooLarge) as fault:
            return self._unchecked(fault)
        if isinstance(answer, Outcome):
            return Judged(answer.verdict, case=answer.case)
        with timed(Stage.JUDGE):
            verdict = judge(answer, self.policy, datetime.now(UTC))
        if answer.unanswered and not verdict.action.refuses:
            return self._unchecked(self._silence(answer.unanswered))
        return Judged(verdict, answer)

    def _silence(self, unanswered: Sequence[Unanswered]) -> Unavailable:
        """The fault of a check service that nothing passes without, if there is one among them."""
        closed = (one for one in unanswered if one.code not in self.policy.open_on)
        deciding = next(closed, unanswered[0])
        return _SILENT[deciding.code](f"check service {deciding.upstream}: {deciding.why}")

    def _unchecked(self, fault: Unavailable | BodyTooLarge) -> Judged:
        if fault.code not in self.policy.open_on:
            raise fault
        log.warning("passed unchecked: %s (%s)", fault.code, fault)
        return Judged(passed_unchecked(fault.code), fault=fault.code)

    def _settled(self, uploads: Sequence[Upload], judged: Sequence[Judged]) -> tuple[Outcome, ...]:
        # One refused file refuses the request: then nothing of it passes that would have to be looked at.
        passes = not any(one.verdict.action.refuses for one in judged)
        late = self.late if passes else None
        return tuple(self._settle(upload, one, late) for upload, one in zip(uploads, judged, strict=True))

    def _settle(self, upload: Upload, judged: Judged, late: LateKeeper | None) -> Outcome:
        outcome = Outcome(judged.verdict, judged.case)
        if judged.findings is not None:
            outcome = self._act(upload, judged.verdict, judged.findings)
        elif judged.fault:
            kept = (late.add(upload, judged.fault),) if late is not None else ()
            outcome = Outcome(replace(judged.verdict, degraded=kept))
            self._tell_all(upload, outcome, Findings(unchecked=judged.fault))
        _report(upload, outcome)
        return outcome

    def _act(self, upload: Upload, verdict: Verdict, findings: Findings) -> Outcome:
        if findings.canary:
            # Anybody may send this public file, so nothing is kept of it and it counts for nothing.
            return Outcome(verdict, CANARY)
        case = self._kept(upload, verdict, findings) if verdict.action.refuses else ""
        outcome = Outcome(verdict, case)
        self._tell_all(upload, outcome, findings)
        return outcome

    def _tell_all(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:
        for observer in self.observers:
            _tell(observer, upload, outcome, findings)

    def _kept(self, upload: Upload, verdict: Verdict, findings: Findings) -> str:
        if self.keeper is None:
            raise StorageFailed("an upload is to be held, and no keeper is configured")
        with timed(Stage.KEEP):
            return self.keeper.keep(upload, verdict, findings)


@dataclass(frozen=True, slots=True)
class Judged:
    """`findings` where acting is still to come, `case` where a sidecar has acted, `fault` if nobody could."""

    verdict: Verdict
    findings: Findings | None = None
    case: str = ""
    fault: str = ""


_SILENT: dict[str, type[Unavailable]] = {
    kind.code: kind for kind in (ServiceUnreachable, ServiceTimeout, UpstreamSilent)
}


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
    entry = next(map(_entry, verdict.matches), "-")
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


def _entry(match: Match) -> str:
    return match.list_name if match.told else f"{match.list_name} v{match.version} #{match.entry}"
