"""Request ids, and the headers of every answer."""

from __future__ import annotations

import re

import pytest

from tests.serving import signature
from tests.sidecar.api.conftest import Service


def asked(service: Service, given: str | None) -> str:
    headers = signature(service.site.key, "GET", "/v1/cases")
    if given is not None:
        headers["X-Request-Id"] = given
    return service.site.client.get("/v1/cases", headers=headers).headers["X-Request-Id"]


def test_the_callers_request_id_comes_back(service: Service) -> None:
    assert asked(service, "wp-7f3a.0001") == "wp-7f3a.0001"


@pytest.mark.parametrize("given", [None, "", "a b c d e f", "x" * 32, 'quote"quote"'])
def test_one_that_does_not_fit_a_log_is_replaced(service: Service, given: str | None) -> None:
    assert re.fullmatch("[0-9a-f]{16}", asked(service, given))


def test_errors_have_one_too(service: Service) -> None:
    assert service.site.client.get("/v1/cases").headers["X-Request-Id"]


def test_no_answer_is_kept_on_the_way_or_taken_for_a_page(service: Service) -> None:
    for response in (service.site.get("/v1/cases"), service.site.get("/nowhere")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
