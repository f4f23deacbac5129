"""POST /v1/check/signals and /v1/batch."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tests.sidecar.api.conftest import Service
from tests.sidecar.machines import machine
from tests.support import digests_of, pdq_of, picture_bytes, recompressed, settings_in
from upload_guard.canary import canary_png
from upload_guard.checkers.wire import SignalsAnswer
from upload_guard.compose import open_cases
from upload_guard.machine_keys.keys import Scope
from upload_guard.sidecar.app import assemble


def hashes(data: bytes) -> dict[str, Any]:
    digests = digests_of(data)
    return {
        "sha256": digests.sha256.hex(),
        "sha1": digests.sha1.hex(),
        "md5": digests.md5.hex().upper(),
        "size": len(data),
    }


def test_an_exact_match_is_refused_and_its_file_wanted_to_be_kept(service: Service) -> None:
    answer = service.site.ask("/v1/check/signals", hashes(service.listed)).get_json()
    assert answer["need_file"] == "to_keep"
    assert (answer["verdict"]["result"], answer["verdict"]["case"]) == ("match", "")
    assert answer["verdict"]["action"] in {"block", "quarantine"}


def test_the_canary_is_refused_by_its_hashes_as_by_itself(service: Service) -> None:
    answer = service.site.ask("/v1/check/signals", hashes(canary_png())).get_json()
    assert (answer["need_file"], answer["verdict"]["reason"]) == ("to_keep", "canary")


def test_what_no_list_holds_is_not_clean_but_unknown(service: Service) -> None:
    answer = service.site.ask("/v1/check/signals", hashes(b"never seen")).get_json()
    assert answer == {"need_file": "to_look", "verdict": None}


def test_what_the_site_has_just_sent_is_answered_at_once(service: Service) -> None:
    picture = picture_bytes(77)
    assert service.site.post("/v1/check", picture).get_json()["result"] == "clean"
    answer = service.site.ask("/v1/check/signals", hashes(picture)).get_json()
    assert (answer["need_file"], answer["verdict"]["result"]) == ("no", "clean")
    other = service.neighbour.ask("/v1/check/signals", hashes(picture)).get_json()
    assert other["need_file"] == "to_look"


def test_lists_and_distances_are_told_only_to_those_who_may_see_details(service: Service) -> None:
    likeness = recompressed(service.listed)
    question = hashes(likeness) | {"pdq": pdq_of(likeness).hex()}
    assert "matches" not in service.site.ask("/v1/check/signals", question).get_json()
    told = service.admin.ask("/v1/check/signals", question).get_json()
    assert told["need_file"] == "to_look"
    assert [(match["list"], match["signal_type"]) for match in told["matches"]] == [("test-list", "pdq")]
    assert 0 < told["matches"][0]["distance"] <= 31


def test_nothing_is_kept_of_a_question(service: Service) -> None:
    before = open_cases(service.settings).newest(1000)
    service.site.ask("/v1/check/signals", hashes(service.listed))
    assert open_cases(service.settings).newest(1000) == before


def test_a_thousand_are_answered_in_one_go_and_in_order(service: Service) -> None:
    files = [{"sha256": hashlib.sha256(str(number).encode()).hexdigest()} for number in range(1000)]
    files[500] = hashes(service.listed)
    answers = service.site.ask("/v1/batch", {"files": files}).get_json()["answers"]
    assert [at for at, one in enumerate(answers) if one["need_file"] == "to_keep"] == [500]
    assert len(answers) == 1000
    assert all(SignalsAnswer.model_validate(one) for one in answers)


def test_a_batch_counts_as_many_requests_as_it_has_files_unless_details_are_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, limits={"rate": 0.001, "burst": 20})
    client = assemble(settings).app.test_client()
    site, own = (machine(client, settings, Scope.CHECK, *more) for more in ((), (Scope.DETAILS,)))
    question = {"files": [{"sha256": "0" * 64}] * 10}
    assert [site.ask("/v1/batch", question).status_code for _ in range(3)] == [200, 200, 429]
    assert [own.ask("/v1/batch", question).status_code for _ in range(3)] == [200, 200, 200]


def test_more_than_a_thousand_or_none_are_not_taken(service: Service) -> None:
    for count in (0, 1001):
        response = service.site.ask("/v1/batch", {"files": [{"sha256": "0" * 64}] * count})
        assert (response.status_code, response.get_json()["code"]) == (422, "invalid_request")


def test_a_batch_tells_details_too_where_they_may_be_told(service: Service) -> None:
    (answer,) = service.admin.ask("/v1/batch", {"files": [hashes(service.listed)]}).get_json()["answers"]
    assert {match["signal_type"] for match in answer["matches"]} == {"sha256", "md5"}
