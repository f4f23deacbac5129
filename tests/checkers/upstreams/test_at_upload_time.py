"""A check service is asked while an upload is checked here, and its silence is never clean."""

from __future__ import annotations

import io
import json
import math
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

from tests.checkers.upstreams.services import Service, station_of
from tests.support import (
    OTHER_SEED,
    activate_list,
    activate_listed_picture,
    digests_of,
    eventually,
    listed_hashes,
    picture_bytes,
    settings_in,
    upload_of,
)
from tests.upstreams.stand_in import Asked, Reply
from upload_guard.checkers.by_signals import BySignals, Hashes
from upload_guard.checkers.wire import NeedFile
from upload_guard.compose import (
    Station,
    build_reevaluator,
    foretell,
    open_decisions,
    open_explainer,
    open_lists,
    with_signal_checker,
)
from upload_guard.errors import ServiceTimeout, ServiceUnreachable, UploadGuardError
from upload_guard.quarantine.cases import CaseInfo, Cases
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Action, Analysis, Content, Outcome, Result, SignalType
from upload_guard.sandbox.pool import Sandbox
from upload_guard.settings import Settings

DOWN = Reply(b"", 503)


def checked(settings: Settings, data: bytes) -> Outcome:
    (outcome,) = station_of(settings).guard.check([upload_of(data)])
    return outcome


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("inside.jpg", data)
    return out.getvalue()


# What it knows ------------------------------------------------------------------------------------


def test_what_the_service_knows_is_held_and_kept(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    station = station_of(service.settings(tmp_path))
    (outcome,) = station.guard.check([upload_of(data)])
    assert (outcome.verdict.result, outcome.verdict.action) == (Result.MATCH, Action.QUARANTINE)
    (case,) = cases_of(station)
    assert case.number == outcome.case
    (match,) = case.matches
    assert (match.list_name, match.origin, match.category, match.signal_type) == (
        "eokm",
        "eokm",
        "illegal",
        SignalType.MD5,
    )
    assert (match.told, match.since) == (True, None)


def test_what_it_does_not_know_is_clean_though_no_list_is_active(service: Service, tmp_path: Path) -> None:
    verdict = checked(service.settings(tmp_path), picture_bytes(OTHER_SEED)).verdict
    assert (verdict.result, verdict.action, verdict.degraded) == (Result.CLEAN, Action.ALLOW, ())


def test_a_file_inside_an_archive_is_asked_about_once_it_is_found(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    verdict = checked(service.settings(tmp_path), zipped(data)).verdict
    assert verdict.result is Result.MATCH
    assert verdict.matches[0].view == "inside.jpg"


def test_only_bare_hashes_leave_the_machine(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    checked(service.settings(tmp_path), data)
    digests = digests_of(data)
    # Side by side, so that either may come first.
    assert sorted(service.bodies) == sorted([digests.md5.hex().encode(), digests.sha1.hex().encode()])


def test_settings_narrow_what_leaves_it(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    checked(service.settings(tmp_path, send=["sha1"]), data)
    assert service.bodies == [digests_of(data).sha1.hex().encode()]


@pytest.mark.parametrize(
    ("category", "action"),
    [
        ("baseline", Action.BLOCK),
        ("illegal", Action.QUARANTINE),
        ("investigative", Action.MONITOR),
        ("other", Action.ALLOW),
    ],
)
def test_its_yes_means_what_settings_say(
    service: Service, tmp_path: Path, category: str, action: Action
) -> None:
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    assert checked(service.settings(tmp_path, category=category), data).verdict.action is action


def test_what_tells_no_age_holds_at_most_where_there_is_a_probation(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    probation: dict[str, object] = {"trust": {"probation_hours": 24}}
    settings = service.settings(tmp_path, probation, category="baseline")
    assert checked(settings, data).verdict.action is Action.QUARANTINE


def test_what_a_list_settles_is_told_to_nobody(service: Service, tmp_path: Path) -> None:
    settings = service.settings(tmp_path, {"benign": {"shipped": False}})
    data = activate_listed_picture(settings)
    assert checked(settings, data).verdict.action is Action.BLOCK
    assert service.bodies == []


def test_nobody_is_asked_about_the_empty_file(service: Service, tmp_path: Path) -> None:
    assert checked(service.settings(tmp_path), b"").verdict.result is Result.UNCHECKED
    assert service.bodies == []


# What it says is remembered -----------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False], ids=["a yes", "a no"])
def test_an_answer_is_remembered(service: Service, tmp_path: Path, known: bool) -> None:
    data = picture_bytes(OTHER_SEED)
    if known:
        service.knows(data)
    station = station_of(service.settings(tmp_path))
    first = [one.verdict.result for one in station.guard.check([upload_of(data)])]
    asked = len(service.bodies)
    service.running.instead = DOWN
    assert [one.verdict.result for one in station.guard.check([upload_of(data)])] == first
    assert len(service.bodies) == asked


def test_a_no_is_asked_again_once_its_time_is_over(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    station = station_of(service.settings(tmp_path, negative_seconds=0))
    station.guard.check([upload_of(data)])
    service.knows(data)
    (outcome,) = station.guard.check([upload_of(data)])
    assert outcome.verdict.result is Result.MATCH


def test_a_failure_is_not_remembered(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    station = station_of(service.settings(tmp_path))
    service.running.instead = DOWN
    with pytest.raises(ServiceUnreachable):
        station.guard.check([upload_of(data)])
    service.running.instead = None
    (outcome,) = station.guard.check([upload_of(data)])
    assert outcome.verdict.result is Result.CLEAN


# When it does not answer --------------------------------------------------------------------------


@pytest.mark.parametrize("listed", [True, False], ids=["with a list", "without any"])
def test_closed_means_that_nothing_passes(service: Service, tmp_path: Path, listed: bool) -> None:
    settings = service.settings(tmp_path)
    if listed:
        activate_listed_picture(settings)
    service.running.instead = DOWN
    with pytest.raises(ServiceUnreachable, match="check service eokm: "):
        checked(settings, picture_bytes(OTHER_SEED))


def test_closed_goes_by_the_settings_of_failures(service: Service, tmp_path: Path) -> None:
    service.running.instead = DOWN
    settings = service.settings(tmp_path, {"failure": {"unreachable": "open"}})
    verdict = checked(settings, picture_bytes(OTHER_SEED)).verdict
    assert (verdict.result, verdict.action, verdict.reason) == (
        Result.UNCHECKED,
        Action.MONITOR,
        "unreachable",
    )


def test_open_passes_unchecked_and_waits_for_its_check(service: Service, tmp_path: Path) -> None:
    settings = service.settings(tmp_path, failure="open")
    activate_listed_picture(settings)
    service.running.instead = DOWN
    verdict = checked(settings, picture_bytes(OTHER_SEED)).verdict
    assert (verdict.result, verdict.action, verdict.reason) == (
        Result.UNCHECKED,
        Action.MONITOR,
        "unanswered",
    )
    assert verdict.degraded == ("queued for a later check",)


def test_degraded_is_clean_by_the_lists_and_says_by_whom_not(service: Service, tmp_path: Path) -> None:
    settings = service.settings(tmp_path, failure="degrade")
    activate_listed_picture(settings)
    service.running.instead = DOWN
    verdict = checked(settings, picture_bytes(OTHER_SEED)).verdict
    assert (verdict.result, verdict.action) == (Result.CLEAN, Action.ALLOW)
    assert verdict.degraded == ("eokm: no answer (unreachable)",)


def test_degraded_where_nobody_else_has_looked_is_not_clean(service: Service, tmp_path: Path) -> None:
    service.running.instead = DOWN
    verdict = checked(service.settings(tmp_path, failure="degrade"), picture_bytes(OTHER_SEED)).verdict
    assert (verdict.result, verdict.action) == (Result.UNCHECKED, Action.MONITOR)


@pytest.mark.parametrize("failure", ["closed", "open", "degrade"])
def test_what_a_list_holds_is_held_whether_the_service_answers_or_not(
    service: Service, tmp_path: Path, failure: str
) -> None:
    settings = service.settings(
        tmp_path, {"imaging": {"decode_on_exact": True}, "failure": {"unreachable": "open"}}, failure=failure
    )
    data = activate_listed_picture(settings)
    service.running.instead = DOWN
    outcome = checked(settings, data)
    assert outcome.verdict.action is Action.BLOCK
    assert outcome.case


def test_half_an_answer_about_several_hashes_is_none(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    service.running.replies["/v1/check/sha1"] = Reply(b"<html>true</html>")
    try:
        with pytest.raises(ServiceUnreachable):
            checked(service.settings(tmp_path), data)
    finally:
        del service.running.replies["/v1/check/sha1"]


def test_a_yes_counts_though_the_rest_of_the_answer_is_missing(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    service.running.replies["/v1/check/sha1"] = DOWN
    try:
        assert checked(service.settings(tmp_path), data).verdict.action is Action.QUARANTINE
    finally:
        del service.running.replies["/v1/check/sha1"]


@contextmanager
def never_answering(service: Service) -> Iterator[None]:
    """Until the block is done: a check that waited for an answer would never end."""
    done = Event()

    def wait(_: object) -> Reply:
        done.wait()
        return Reply(b"false")

    service.running.replies |= {"/v1/check/md5": wait, "/v1/check/sha1": wait}
    try:
        yield
    finally:
        done.set()
        service.running.replies.clear()


# Time ---------------------------------------------------------------------------------------------


def test_a_slow_service_costs_its_own_time_and_no_more(service: Service, tmp_path: Path) -> None:
    with never_answering(service), pytest.raises(ServiceTimeout):
        checked(service.settings(tmp_path, timeout=0.5), b"no picture")


def test_the_deadline_of_the_request_bounds_it_too(service: Service, tmp_path: Path) -> None:
    station = station_of(service.settings(tmp_path, timeout=600))
    with never_answering(service):
        findings = station.checker.check(upload_of(b"no picture"), time.monotonic() + 0.5)
    (silent,) = findings.unanswered
    assert (silent.upstream, silent.code) == ("eokm", "timeout")


def test_services_are_asked_side_by_side(service: Service, tmp_path: Path) -> None:
    """Each waits until both are asked."""
    both = Barrier(2, timeout=20)

    def meet(_: object) -> Reply:
        both.wait()
        return Reply(b"false")

    service.running.replies["/v1/check/md5"] = meet
    try:
        own = service.table(send=["md5"])
        settings = settings_in(tmp_path, upstreams={"one": own, "other": own})
        assert checked(settings, b"no picture").verdict.result is Result.CLEAN
    finally:
        del service.running.replies["/v1/check/md5"]


@dataclass(frozen=True, slots=True)
class DecodesOnceAsked:
    """The real sandbox, which begins only when the service has been asked something."""

    sandbox: Sandbox
    service: Service

    def analyse(self, content: Content, deadline: float) -> Analysis:
        assert eventually(lambda: self.service.bodies), "nothing was asked before decoding"
        return self.sandbox.analyse(content, deadline)


def test_digests_are_asked_about_while_the_file_is_decoded(service: Service, tmp_path: Path) -> None:
    checker = station_of(service.settings(tmp_path)).checker
    late = replace(checker, sandbox=DecodesOnceAsked(checker.sandbox, service))  # type: ignore[arg-type]
    assert late.check(upload_of(picture_bytes(OTHER_SEED)), math.inf).matches == ()


def test_what_passed_unchecked_is_checked_once_the_service_answers_again(
    service: Service, tmp_path: Path
) -> None:
    settings = service.settings(tmp_path, failure="open")
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    service.running.instead = DOWN
    station = station_of(settings)
    (late,) = (job for job in station.housekeeper.jobs if job.name == "late-checks")
    station.guard.check([upload_of(data)])
    late.run()
    assert cases_of(station) == ()
    service.running.instead = None
    assert eventually(lambda: late.run() or cases_of(station))
    (case,) = cases_of(station)
    assert (case.route, case.matches[0].list_name) == ("late:/upload", "eokm")


# Judged again, explained, asked by hashes ---------------------------------------------------------


def test_a_case_that_only_the_service_holds_stays_open_when_lists_change(
    service: Service, tmp_path: Path
) -> None:
    settings = service.settings(tmp_path)
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    station = station_of(settings)
    (outcome,) = station.guard.check([upload_of(data)])
    asked = len(service.bodies)
    activate_listed_picture(settings)
    again = build_reevaluator(settings).run()
    assert (again.judged, again.proposed) == (1, 0)
    assert len(service.bodies) == asked
    (case,) = cases_of(station)
    assert (case.number, case.state) == (outcome.case, CaseState.OPEN)
    assert [match.list_name for match in case.matches] == ["eokm"]


def test_a_forecast_asks_nobody_and_lets_go_of_nothing_that_a_service_holds(
    service: Service, tmp_path: Path
) -> None:
    settings = service.settings(tmp_path)
    activate_listed_picture(settings)
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    station_of(settings).guard.check([upload_of(data)])
    asked = len(service.bodies)
    activate_list(settings, listed_hashes(picture_bytes(77)), name="another")
    foreseen = foretell(settings, "another", 1).cases
    assert (foreseen.judged, foreseen.proposed) == (1, 0)
    assert len(service.bodies) == asked


def test_a_service_that_is_gone_from_the_settings_holds_nothing_any_more(
    service: Service, tmp_path: Path
) -> None:
    settings = service.settings(tmp_path)
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    station_of(settings).guard.check([upload_of(data)])
    activate_listed_picture(settings)
    without = settings.model_copy(update={"upstreams": {}})
    assert build_reevaluator(without).run().proposed == 1


def test_a_false_positive_is_not_held_again(service: Service, tmp_path: Path) -> None:
    settings = service.settings(tmp_path)
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    (outcome,) = station_of(settings).guard.check([upload_of(data)])
    open_decisions(settings).false_positive(outcome.case, "tester", "a landscape")
    verdict = checked(settings, data).verdict
    assert (verdict.result, verdict.action) == (Result.DISPUTED, Action.MONITOR)


def test_what_a_service_knows_cannot_be_disputed_here(service: Service, tmp_path: Path) -> None:
    settings = service.settings(tmp_path)
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    (outcome,) = station_of(settings).guard.check([upload_of(data)])
    with pytest.raises(UploadGuardError):
        open_decisions(settings).dispute(outcome.case, "eokm", "tester", "it is a landscape")


def test_explaining_a_case_tells_what_the_service_said(service: Service, tmp_path: Path) -> None:
    settings = service.settings(tmp_path)
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    station = station_of(settings)
    station.guard.check([upload_of(data)])
    (case,) = cases_of(station)
    told = open_explainer(settings).of_case(case)
    assert "what the check service eokm knows (md5)" in told.explanation.sentence


def test_explaining_a_file_tells_who_was_silent(service: Service, tmp_path: Path) -> None:
    service.running.instead = DOWN
    told = open_explainer(service.settings(tmp_path)).of_file(upload_of(picture_bytes(OTHER_SEED)))
    assert "Not checked, since it waits for a check service" in told.explanation.sentence


def test_a_case_stays_that_a_service_knows_though_it_could_not_tell_of_each_hash(
    service: Service, tmp_path: Path
) -> None:
    def say(asked: Asked) -> Reply:
        first, *others = (item["id"] for item in json.loads(asked.body)["items"])
        known = {"id": first, "result": "match", "category": "illegal", "compared": ["md5"]}
        faults = [{"id": other, "fault": {"code": "busy"}} for other in others]
        return Reply(json.dumps({"answers": [known, *faults]}).encode())

    settings = service.settings(
        tmp_path, {"benign": {"shipped": False}}, kind="upload_guard", send=["md5", "sha1"]
    )
    data = activate_listed_picture(settings)
    (outcome,) = station_of(settings).guard.check([upload_of(data)])
    assert outcome.verdict.action is Action.BLOCK
    open_lists(settings).retract("test-list", listed_hashes(data), "tester")
    service.running.replies["/v1/check/batch"] = say
    try:
        assert build_reevaluator(settings).run().proposed == 0
    finally:
        service.running.replies.clear()
    assert any(b"items" in one for one in service.bodies)


def by_hashes(settings: Settings, data: bytes) -> BySignals:
    _, checker = with_signal_checker(station_of(settings), settings)
    digests = digests_of(data)
    return checker.check(Hashes(digests.signals(), digests.size), "test")


def test_the_service_is_asked_by_hashes_alone(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    settings = service.settings(tmp_path)
    assert by_hashes(settings, data).need is NeedFile.TO_LOOK
    service.knows(data)
    found = by_hashes(settings, data)
    assert found.need is NeedFile.TO_KEEP
    assert found.verdict is not None
    assert found.verdict.action is Action.QUARANTINE


def test_a_silent_service_never_passes_anything_by_hashes(service: Service, tmp_path: Path) -> None:
    data = picture_bytes(OTHER_SEED)
    settings = service.settings(tmp_path, negative_seconds=0)
    station, checker = with_signal_checker(station_of(settings), settings)
    station.guard.check([upload_of(data)])
    digests = digests_of(data)
    hashes = Hashes(digests.signals(), digests.size)
    assert checker.check(hashes, "test").need is NeedFile.NO
    service.running.instead = DOWN
    assert checker.check(hashes, "test") == BySignals(NeedFile.TO_LOOK, None)


def test_hashes_of_many_files_share_the_patience_of_one_request(service: Service, tmp_path: Path) -> None:
    settings = service.settings(tmp_path, timeout=600)
    _, checker = with_signal_checker(station_of(settings), settings)
    files = [digests_of(one) for one in (b"first", b"second", b"third")]
    with never_answering(service):
        found = replace(checker, patience=0.5).check_all(
            [Hashes(one.signals(), one.size) for one in files], "test"
        )
    assert [one.need for one in found] == [NeedFile.TO_LOOK] * 3
    assert {*service.bodies} <= {files[0].md5.hex().encode(), files[0].sha1.hex().encode()}


def test_who_checks_alone_asks_nobody_and_leaves_no_gap_for_who_asks(
    service: Service, tmp_path: Path
) -> None:
    data = picture_bytes(OTHER_SEED)
    service.knows(data)
    settings = service.settings(tmp_path, {"signal_log": {"days": 0}})
    activate_listed_picture(settings)
    station = station_of(settings)
    assert station.checker.alone().check_whole(upload_of(data), math.inf).matches == ()
    assert service.bodies == []
    (outcome,) = station.guard.check([upload_of(data)])
    assert outcome.verdict.matches[0].list_name == "eokm"


def test_what_a_list_holds_is_held_though_no_thread_is_left_to_ask_by(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = service.settings(tmp_path, {"imaging": {"decode_on_exact": True}})
    data = activate_listed_picture(settings)
    station = station_of(settings)
    station.checker.alone().check_whole(upload_of(data), math.inf)

    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    assert station.guard.check([upload_of(data)])[0].verdict.action is Action.BLOCK
    with pytest.raises(ServiceUnreachable, match="no thread is left"):
        station.guard.check([upload_of(b"no picture")])


def cases_of(station: Station) -> tuple[CaseInfo, ...]:
    return Cases(station.keeper.database, station.keeper.vault).newest(10)
