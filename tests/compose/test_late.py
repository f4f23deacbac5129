"""What passes unchecked is queued and checked later, by a process that checks itself and by one that asks."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.misbehaving import Connection, scripted
from tests.support import (
    activate_listed_picture,
    damage_lists,
    eventually,
    picture_bytes,
    settings_in,
    upload_of,
)
from upload_guard import LateMatch
from upload_guard.compose import GuardedSite, build_site, open_cases
from upload_guard.demo.servers import free_port
from upload_guard.errors import BodyTooLarge, ConfigError, NotReady, ServiceUnreachable, StorageFailed
from upload_guard.records import Action, Result, Source
from upload_guard.settings import Settings
from upload_guard.storage.locks import exclusive_lock

UPLOAD = upload_of(picture_bytes(1), Source("blog", "/upload"))


def drain(site: GuardedSite) -> None:
    """As housekeeping does by and by."""
    assert site.housekeeper is not None
    (job,) = (job for job in site.housekeeper.jobs if job.name == "late-checks")
    # Its own thread has begun with the first upload.
    with exclusive_lock(site.housekeeper.lock_of(job)):
        job.run()


def test_where_everything_is_closed_nothing_is_queued_and_no_key_is_made(tmp_path: Path) -> None:
    asking = {"url": f"http://127.0.0.1:{free_port()}"}
    settings = Settings.model_validate({"data_dir": tmp_path / "data", "service": asking})
    site = build_site(settings)
    with pytest.raises(ServiceUnreachable):
        site.routes.default.guard.check([UPLOAD])
    assert site.housekeeper is None
    assert not settings.data_dir.exists()


def test_a_process_that_checks_itself_checks_later_what_it_could_not(tmp_path: Path) -> None:
    heard: list[LateMatch] = []
    settings = settings_in(tmp_path, failure={"not_ready": "open"})
    activate_listed_picture(settings)
    damage_lists(settings)
    site = build_site(settings, heard.append)
    (outcome,) = site.routes.default.guard.check([UPLOAD])
    assert (outcome.verdict.result, outcome.verdict.reason) == (Result.UNCHECKED, "not_ready")
    drain(site)
    assert heard == []

    activate_listed_picture(settings)
    late = build_site(settings, heard.append)
    assert eventually(lambda: drain(late) or open_cases(settings).newest(10))
    (case,) = open_cases(settings).newest(10)
    assert (case.route, case.action) == ("late:/upload", "block")
    assert [(one.case, one.route) for one in heard] == [(case.number, "/upload")]


def test_where_nothing_is_ready_and_the_policy_is_closed_it_stays_so(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    activate_listed_picture(settings)
    damage_lists(settings)
    with pytest.raises(NotReady):
        build_site(settings).routes.default.guard.check([UPLOAD])


def test_a_route_may_differ(tmp_path: Path) -> None:
    service = {"url": f"http://127.0.0.1:{free_port()}"}
    routes = [{"path": "/wp/*", "failure": {"unreachable": "open"}}]
    site = build_site(settings_in(tmp_path, service=service, routes=routes))
    (outcome,) = site.routes.of("/wp/upload").guard.check([UPLOAD])
    assert outcome.verdict.result is Result.UNCHECKED
    with pytest.raises(ServiceUnreachable):
        site.routes.of("/upload").guard.check([UPLOAD])
    assert site.routes.of("/wp/upload").rule.takes_over_limit is False


def test_of_a_request_that_is_refused_nothing_waits(tmp_path: Path) -> None:
    """One file is refused and another could not be checked: neither has passed."""
    settings = settings_in(tmp_path, failure={"error": "open"})
    activate_listed_picture(settings)
    site = build_site(settings)
    guard = site.routes.default.guard

    class Sometimes:
        def check(self, upload: object, deadline: float) -> object:
            if upload is UPLOAD:
                return guard.checker.check(UPLOAD, deadline)
            raise RuntimeError("a bug")

    outcomes = replace(guard, checker=Sometimes()).check([UPLOAD, upload_of(b"other")])  # type: ignore[arg-type]
    assert [one.verdict.action for one in outcomes] == [Action.BLOCK, Action.MONITOR]
    assert list(settings.late_dir.glob("*.row")) == []


def test_what_cannot_be_queued_does_not_pass(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path, service={"url": f"http://127.0.0.1:{free_port()}"}, failure={"unreachable": "open"}
    )
    site = build_site(settings)
    settings.late_dir.write_text("in the way")
    with pytest.raises(StorageFailed):
        site.routes.default.guard.check([UPLOAD])


def test_digests_alone_are_asked_of_the_sidecar_as_its_api_has_it(tmp_path: Path) -> None:
    asked: list[dict[str, object]] = []
    heard: list[LateMatch] = []
    verdict = {"result": "match", "action": "block", "reason": "exact", "case": "", "degraded": []}
    answer = json.dumps({"need_file": "to_keep", "verdict": verdict}).encode()

    def serve(connection: Connection) -> None:
        while connection.request():
            asked.append(json.loads(connection.last_body))
            connection.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))

    with scripted(serve) as sidecar:
        site = build_site(
            settings_in(tmp_path, service={"url": sidecar.url}, failure={"over_limit": "open"}), heard.append
        )
        site.routes.default.guard.over_limit([UPLOAD], BodyTooLarge("too large"))
        drain(site)
    (question,) = asked
    assert set(question) == {"sha256", "size", "md5", "sha1"}
    assert question["sha256"] == UPLOAD.digest.sha256.hex()
    assert [(one.case, one.result) for one in heard] == [("", "match")]


# The site's own function ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["no_such_module:function", "no.such.module:function"])
def test_a_function_in_a_module_that_is_not_there_is_said_at_start(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigError, match=r"late\.on_late_match"):
        build_site(settings_in(tmp_path, late={"on_late_match": path}))


@pytest.mark.parametrize("path", ["module", "module:", ":function", "module.function()", "a b:c"])
def test_a_path_that_names_no_function_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="on_late_match"):
        Settings.model_validate({"late": {"on_late_match": path}})


def test_its_module_is_not_imported_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may import the application, which is being built."""
    (tmp_path / "site_that_is_not_built_yet.py").write_text("raise RuntimeError('too early')")
    monkeypatch.syspath_prepend(str(tmp_path))
    build_site(settings_in(tmp_path, late={"on_late_match": "site_that_is_not_built_yet:removed"}))
    assert "site_that_is_not_built_yet" not in sys.modules
