"""POST /v1/check, waited for and polled for."""

from __future__ import annotations

import time
from typing import Any

from tests.sidecar.api.conftest import Service
from tests.sidecar.machines import Machine
from tests.support import OTHER_SEED, picture_bytes, read
from upload_guard.compose import open_cases


def polled(machine: Machine, address: str, patience: float = 60.0) -> Any:
    """What the check came to."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        answer = machine.get(address).get_json()
        if answer["state"] != "checking":
            return answer
        time.sleep(0.05)
    raise AssertionError("the check never ended")


def test_a_check_that_is_not_waited_for_is_polled(service: Service) -> None:
    begun = service.site.post("/v1/check?wait=0&route=/up", service.listed)
    assert begun.status_code == 202
    assert begun.get_json()["state"] == "checking"
    assert begun.headers["Retry-After"] == "1"
    answer = polled(service.site, begun.headers["Location"])
    assert (answer["state"], answer["verdict"]["action"], answer["fault"]) == ("checked", "block", None)
    case = open_cases(service.settings).one(answer["verdict"]["case"])
    assert (case.site, case.route, read(case.content)) == ("blog", "/up", service.listed)


def test_a_clean_one_is_clean_when_it_is_polled_and_not_before(service: Service) -> None:
    begun = service.site.post("/v1/check?wait=0", picture_bytes(OTHER_SEED))
    assert begun.get_json()["verdict"] is None
    assert polled(service.site, begun.headers["Location"])["verdict"]["result"] == "clean"


def test_another_site_does_not_learn_of_it(service: Service) -> None:
    begun = service.site.post("/v1/check?wait=0", b"text")
    answer = service.neighbour.get(begun.headers["Location"])
    assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_check")


def test_a_dry_run_that_is_polled_keeps_nothing_either(service: Service) -> None:
    before = len(open_cases(service.settings).newest(1000))
    begun = service.site.post("/v1/check?wait=0&dry_run=1", service.listed)
    verdict = polled(service.site, begun.headers["Location"])["verdict"]
    assert (verdict["action"], verdict["case"]) == ("block", "")
    assert len(open_cases(service.settings).newest(1000)) == before


def test_a_body_that_is_no_single_file_is_told_at_once(service: Service) -> None:
    form = "multipart/form-data; boundary=B"
    body = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\ntext\r\n--B--\r\n'
    refused = service.site.post("/v1/check?wait=0", body, content_type=form)
    assert (refused.status_code, refused.get_json()["code"]) == (400, "one_file_expected")
