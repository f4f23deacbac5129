"""GET /v1/lists."""

from __future__ import annotations

from tests.sidecar.api.conftest import Service
from tests.support import activate_list, listed_hashes, picture_bytes
from upload_guard.machine_keys.keys import Scope


def test_every_list_tells_its_versions_and_which_of_them_acts(service: Service) -> None:
    activate_list(service.settings, listed_hashes(picture_bytes(5)), "second", "illegal", "elsewhere")
    activate_list(service.settings, listed_hashes(picture_bytes(6)), "second", "illegal", "elsewhere")
    lists = {one["name"]: one for one in service.key(Scope.LISTS).get("/v1/lists").get_json()["lists"]}
    assert set(lists) == {"test-list", "second"}
    second = lists["second"]
    assert (second["origin"], second["active"]) == ("elsewhere", 2)
    assert [(one["number"], one["active"], one["entries"]) for one in second["versions"]] == [
        (1, False, 3),
        (2, True, 3),
    ]
    assert second["versions"][1]["counts"] == {"sha256": 1, "md5": 1, "pdq": 1}
    assert second["versions"][1]["categories"] == {"illegal": 3}
    assert 0 <= second["age"] < 600


def test_a_site_does_not_learn_of_lists(service: Service) -> None:
    assert service.site.get("/v1/lists").status_code == 403
