"""The later check: until somebody answers, once, and told to the site until it has heard."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.late.queues import HOUR, queue_in
from tests.support import upload_of
from upload_guard.errors import (
    BodyTooLarge,
    CheckFailed,
    ServiceRefused,
    ServiceTimeout,
    ServiceUnreachable,
    UploadGuardError,
)
from upload_guard.late.checks import Asked, LateChecks
from upload_guard.late.entries import LateEntry, LateMatch
from upload_guard.late.queue import LateQueue
from upload_guard.policy import passed_unchecked
from upload_guard.records import Action, Outcome, Result, Source, Upload, Verdict

CLEAN = Outcome(Verdict(Result.CLEAN, Action.ALLOW))
BLOCKED = Outcome(Verdict(Result.MATCH, Action.BLOCK, "exact"), "CASE")
MONITORED = Outcome(Verdict(Result.MATCH, Action.MONITOR, "exact"))
UPLOAD = upload_of(b"bytes", Source("blog", "/upload"))
Said = Outcome | UploadGuardError | None


@dataclass
class Elsewhere:
    """Somebody who checks; `says` is the answer to everything."""

    says: Said | Callable[[Upload], Said]
    files: list[bytes] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)

    def by_file(self, upload: Upload) -> Outcome:
        with upload.content.open() as stream:
            self.files.append(stream.read())
        said = self._said(upload)
        assert said is not None
        return said

    def by_digest(self, upload: Upload, entry: LateEntry) -> Outcome | None:
        self.digests.append(entry.sha256)
        return self._said(upload)

    def _said(self, upload: Upload) -> Outcome | None:
        said = self.says(upload) if callable(self.says) else self.says
        if isinstance(said, UploadGuardError):
            raise said
        return said


@dataclass
class Site:
    """A site that may fail to hear."""

    deaf: int = 0
    heard: list[LateMatch] = field(default_factory=list)

    def tell(self, match: LateMatch) -> None:
        if self.deaf:
            self.deaf -= 1
            raise RuntimeError("a bug of the site")
        self.heard.append(match)


def checks(queue: LateQueue, elsewhere: Elsewhere, site: Site | None = None) -> LateChecks:
    """As a process that has just started has them: nothing is resting."""
    return LateChecks(queue, Asked(elsewhere.by_file, elsewhere.by_digest), site.tell if site else None)


@pytest.fixture
def queue(tmp_path: Path) -> LateQueue:
    queue = queue_in(tmp_path)
    queue.add(UPLOAD, "unreachable")
    return queue


def test_what_is_clean_is_done(queue: LateQueue) -> None:
    elsewhere, site = Elsewhere(CLEAN), Site()
    checks(queue, elsewhere, site).run()
    assert elsewhere.files == [b"bytes"]
    assert (queue.waiting(), site.heard) == ((), [])


def test_what_should_not_have_passed_is_told_to_the_site_once(queue: LateQueue) -> None:
    site = Site()
    late = checks(queue, Elsewhere(BLOCKED), site)
    late.run()
    late.run()
    (match,) = site.heard
    assert (match.case, match.site, match.route, match.file_name) == ("CASE", "blog", "/upload", "file.bin")
    assert (match.sha256, match.result) == (UPLOAD.digest.sha256.hex(), "match")
    assert queue.waiting() == ()


def test_what_only_monitors_is_said_in_the_log(queue: LateQueue, caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    checks(queue, Elsewhere(MONITORED), site).run()
    assert "late: monitor match" in caplog.text
    assert (queue.waiting(), site.heard) == ((), [])


def test_without_anybody_to_tell_the_case_is_in_the_log(
    queue: LateQueue, caplog: pytest.LogCaptureFixture
) -> None:
    checks(queue, Elsewhere(BLOCKED)).run()
    assert "case=CASE" in caplog.text
    assert UPLOAD.digest.sha256.hex() not in caplog.text
    assert queue.waiting() == ()


@pytest.mark.parametrize("fault", [ServiceUnreachable("gone"), ServiceRefused("no such key")])
def test_while_nobody_answers_everything_waits_and_only_one_is_asked_about(
    queue: LateQueue, fault: UploadGuardError
) -> None:
    queue.add(upload_of(b"other"), "unreachable")
    elsewhere = Elsewhere(fault)
    checks(queue, elsewhere).run()
    assert len(elsewhere.files) == 1
    assert len(queue.waiting()) == 2


def test_an_upload_that_brings_the_sidecar_down_does_not_stand_in_front_of_others(queue: LateQueue) -> None:
    queue.add(upload_of(b"other"), "unreachable")

    def says(upload: Upload) -> Said:
        return ServiceUnreachable("died") if upload.digest == UPLOAD.digest else CLEAN

    late = checks(queue, Elsewhere(says))
    late.run()
    late.run()
    assert queue.waiting() == (UPLOAD.upload_id,)


@pytest.mark.parametrize("fault", [ServiceTimeout("slow"), CheckFailed("a bug")])
def test_an_upload_that_cannot_be_checked_waits_alone(queue: LateQueue, fault: UploadGuardError) -> None:
    queue.add(upload_of(b"other"), "unreachable")
    elsewhere = Elsewhere(lambda upload: fault if upload.digest == UPLOAD.digest else CLEAN)
    checks(queue, elsewhere).run()
    assert queue.waiting() == (UPLOAD.upload_id,)


def test_an_answer_that_is_none_is_never_taken_for_clean(queue: LateQueue) -> None:
    late = checks(queue, Elsewhere(Outcome(passed_unchecked("no_list"))))
    late.run()
    late.run()
    assert queue.waiting() == (UPLOAD.upload_id,)


def test_errors_of_the_site_lose_nothing(queue: LateQueue) -> None:
    elsewhere, site = Elsewhere(BLOCKED), Site(deaf=2)
    for _ in range(3):
        checks(queue, elsewhere, site).run()
    assert [match.case for match in site.heard] == ["CASE"]
    # It was checked once, and only told again.
    assert elsewhere.files == [b"bytes"]
    assert queue.waiting() == ()


def test_a_site_that_fails_is_not_told_again_at_once(queue: LateQueue) -> None:
    site = Site(deaf=1)
    late = checks(queue, Elsewhere(BLOCKED), site)
    for _ in range(5):
        late.run()
    assert site.heard == []
    assert queue.waiting() == (UPLOAD.upload_id,)


def test_a_site_that_never_hears_is_given_up_and_the_row_stays(
    queue: LateQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "upload_guard.late.checks")
    elsewhere, site = Elsewhere(BLOCKED), Site(deaf=1000)
    for _ in range(100):
        checks(queue, elsewhere, site).run()
    assert queue.waiting() == ()
    assert queue.usage().undelivered == 1
    assert elsewhere.files == [b"bytes"]


def test_a_crash_between_finding_and_telling_tells(queue: LateQueue) -> None:
    class Killed(BaseException):
        pass

    def die(match: LateMatch) -> None:
        raise Killed

    elsewhere, site = Elsewhere(BLOCKED), Site()
    with pytest.raises(Killed):
        LateChecks(queue, Asked(elsewhere.by_file, elsewhere.by_digest), die).run()
    checks(queue, elsewhere, site).run()
    assert [match.case for match in site.heard] == ["CASE"]
    assert elsewhere.files == [b"bytes"]


def test_digests_alone_are_asked_about_where_there_is_no_more(tmp_path: Path) -> None:
    queue = queue_in(tmp_path, max_bytes=0)
    queue.add(UPLOAD, "timeout")
    elsewhere, site = Elsewhere(BLOCKED), Site()
    checks(queue, elsewhere, site).run()
    assert (elsewhere.files, elsewhere.digests) == ([], [UPLOAD.digest.sha256.hex()])
    assert len(site.heard) == 1


def test_digests_that_say_nothing_are_done_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queue = queue_in(tmp_path, max_bytes=0)
    queue.add(UPLOAD, "timeout")
    checks(queue, Elsewhere(None)).run()
    assert "nobody saw more" in caplog.text
    assert queue.waiting() == ()


def test_a_file_that_the_sidecar_does_not_take_is_asked_about_by_its_digests(queue: LateQueue) -> None:
    elsewhere = Elsewhere(BodyTooLarge("too large"))

    def says(upload: Upload) -> Said:
        return BLOCKED if elsewhere.digests else BodyTooLarge("too large")

    elsewhere.says = says
    site = Site()
    checks(queue, elsewhere, site).run()
    assert [match.case for match in site.heard] == ["CASE"]


def test_what_waited_too_long_is_dropped_with_an_alarm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queue = queue_in(tmp_path, max_age=-1.0)
    queue.add(UPLOAD, "timeout")
    elsewhere = Elsewhere(CLEAN)
    checks(queue, elsewhere).run()
    assert elsewhere.files == []
    assert queue.waiting() == ()
    assert "ALARM" in caplog.text


def test_a_found_case_is_never_too_old_to_be_told(tmp_path: Path) -> None:
    queue = queue_in(tmp_path, max_age=HOUR)
    queue.add(UPLOAD, "timeout")
    checks(queue, Elsewhere(BLOCKED), Site(deaf=1)).run()
    impatient = queue_in(tmp_path, max_age=-1.0)
    site = Site()
    checks(impatient, Elsewhere(BLOCKED), site).run()
    assert len(site.heard) == 1


def test_a_damaged_entry_stops_nobody_else_and_stays(
    queue: LateQueue, caplog: pytest.LogCaptureFixture
) -> None:
    (queue.folder / f"{UPLOAD.upload_id}.row").write_bytes(b"damaged")
    queue.add(upload_of(b"other"), "unreachable")
    checks(queue, Elsewhere(CLEAN)).run()
    assert "ALARM" in caplog.text
    assert queue.waiting() == (UPLOAD.upload_id,)
