"""What a version of a list would do, foretold by the parts that would do it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from upload_guard.compose.checking import build_checker
from upload_guard.compose.rules import build_trust
from upload_guard.compose.station import build_reevaluator
from upload_guard.compose.stores import open_lists, open_signal_log
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.rehearsal.forecast import Forecast
    from upload_guard.rehearsal.rehearse import Stage

_DAYS = 7


def build_stage(settings: Settings) -> Stage:
    """Where versions are rehearsed. Raises `StorageFailed`."""
    from upload_guard.rehearsal.rehearse import Stage

    # What a version would do is foretold by lists alone: nobody is asked about uploads of the past.
    return Stage(build_checker(settings).alone(), settings.sandbox.workers, settings.sandbox.request_seconds)


def foretell(settings: Settings, name: str, number: int) -> Forecast:
    """For the version of the list NAME, beside all others that act; nothing is kept, no case changes.

    Takes as long as an activation and more. Raises `ListError`, also for what the gate refuses,
    `StorageFailed` and `MasterKeyError`.
    """
    from upload_guard.lists.tasks.report_rows import ReportShown
    from upload_guard.lists.trial import put_on_trial
    from upload_guard.matching.build import no_progress
    from upload_guard.rehearsal.forecast import Forecast, UploadsForeseen
    from upload_guard.rehearsal.rehearse import Audience
    from upload_guard.rehearsal.scratch import scratch
    from upload_guard.rehearsal.tally import Tally

    now, days = datetime.now(UTC), min(settings.signal_log.days, _DAYS)
    log = open_signal_log(settings, now - timedelta(days=days)) if days else None
    tally = Tally(name, build_trust(settings), now)
    with scratch(settings.rehearsal_dir) as folder:
        trial = put_on_trial(open_lists(settings), name, number, folder)
        checker = build_stage(settings).rehearse(trial, Audience(log, (), settings.site), tally, no_progress)
        cases = replace(build_reevaluator(settings), checker=checker).foresee()
    return Forecast(ReportShown.of(trial.report), cases, UploadsForeseen.of(tally, days) if days else None)
