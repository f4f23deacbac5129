"""What check services said of one upload, and what that makes of what was found here. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from upload_guard.checkers.upstreams.upstream import OnFailure
from upload_guard.errors import UpstreamSilent
from upload_guard.records import Findings, Match, Unanswered

NO_ANSWER = "no_answer"
"""Why an upload is unchecked where no list is active and no service could say anything of it."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A service that gave no answer, or not all of it; `code` as in `Unanswered`."""

    upstream: str
    code: str
    why: str
    on_failure: OnFailure


@dataclass(frozen=True, slots=True)
class Answers:
    """`answered`: at least one has told all that it was asked. `notes` say what one could not tell."""

    matches: tuple[Match, ...] = ()
    silent: tuple[Silence, ...] = ()
    notes: tuple[str, ...] = ()
    answered: bool = False

    def added_to(self, findings: Findings, listed: bool) -> Findings:
        """`findings` with all that, never to be called clean for want of an answer.

        `listed` says whether any list here is active; `matches` are left to whoever weighs them.
        """
        looked = listed or self.answered
        unanswered = tuple(_unanswered(one) for one in self.silent if _counts(one, looked))
        degraded = tuple(
            f"{one.upstream}: no answer ({one.code})" for one in self.silent if not _counts(one, looked)
        )
        return replace(
            findings,
            unanswered=unanswered,
            degraded=findings.degraded + degraded + self.notes,
            unchecked=findings.unchecked or ("" if looked or unanswered else NO_ANSWER),
        )


def _counts(silence: Silence, looked: bool) -> bool:
    """Whether nothing may be called clean without this service."""
    return silence.on_failure is not OnFailure.DEGRADE or not looked


def _unanswered(silence: Silence) -> Unanswered:
    code = silence.code if silence.on_failure is OnFailure.CLOSED else UpstreamSilent.code
    return Unanswered(silence.upstream, code, silence.why)
