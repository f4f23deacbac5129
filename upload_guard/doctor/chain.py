"""The chain as this process would use it: its own checker, or its sidecar. Nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator

from upload_guard.canary import canary_png
from upload_guard.compose import build_inspector
from upload_guard.doctor.pictures import Innocent
from upload_guard.doctor.refusals import REFUSALS, advice_on
from upload_guard.doctor.steps import Said, Step, broken, odd, taken, well
from upload_guard.doctor.uploads import upload_of
from upload_guard.errors import ServiceRefused
from upload_guard.failure_settings import FailureSettings
from upload_guard.guard import Guard
from upload_guard.records import CANARY, Result, Verdict
from upload_guard.settings import Settings

_LOCAL = "look at what the steps before this one say, and at the log"
_REMOTE = "see that the sidecar runs ('upload-guard serve') and that service.url is its address"


def chain_steps(settings: Settings) -> Iterator[Step]:
    """Canary and an innocent picture, through the same function as every upload."""
    advice = _REMOTE if settings.service.url else _LOCAL
    guard: list[Guard] = []
    # What settings let pass unchecked must not look as if it had been checked.
    closed = settings.model_copy(update={"failure": FailureSettings()})

    def canary() -> Said:
        guard.append(build_inspector(closed))
        return _on_canary(_verdict(guard[0], canary_png(), settings), settings)

    yield taken("canary", canary, advice)
    if guard:
        picture = Innocent.draw().encoded("JPEG")
        yield taken("picture", lambda: _on_picture(_verdict(guard[0], picture, settings)), advice)


def _verdict(guard: Guard, data: bytes, settings: Settings) -> Verdict | Said:
    """The verdict, or what is said of a sidecar that refuses to give one."""
    try:
        return guard.inspect(upload_of(data, settings.site))
    except ServiceRefused as fault:
        code = next((code for code in REFUSALS if f"({code})" in str(fault)), "")
        return broken(str(fault), advice_on(code))


def _on_canary(verdict: Verdict | Said, settings: Settings) -> Said:
    if isinstance(verdict, Said):
        return verdict
    if verdict.reason == CANARY and verdict.action.refuses:
        return well("is refused")
    told = (
        f"is not refused ({verdict.action.label}, {verdict.result}): nothing proves that a listed picture is"
    )
    if not settings.canary.enabled:
        return odd(told, "set canary.enabled = true while you test")
    where = (
        "at the sidecar, if its release knows a canary" if settings.service.url else "here, and see the log"
    )
    return broken(told, f"set canary.enabled = true {where}")


def _on_picture(verdict: Verdict | Said) -> Said:
    if isinstance(verdict, Said):
        return verdict
    if verdict.result is Result.CLEAN:
        return well("a new, innocent picture is clean")
    if verdict.result is Result.UNCHECKED:
        return odd(
            f"an innocent picture passes UNCHECKED ({verdict.reason}), and so does every other one",
            "import and activate a list: 'upload-guard list import', 'upload-guard list activate'",
        )
    return broken(
        f"an innocent picture is not clean: {verdict.action.label}, {verdict.result} ({verdict.reason})",
        "see the steps on sandbox and decoders; 'upload-guard explain FILE' tells more of a file",
    )
