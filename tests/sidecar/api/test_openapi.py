"""The description of the API, and the page that shows it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from tests.sidecar.api.conftest import Service
from upload_guard.sidecar.api.errors import ErrorAnswer


def test_every_route_but_the_watchers_is_described(service: Service) -> None:
    described = {re.sub("{(.*?)}", r"<\1>", path) for path in document(service)["paths"]}
    rules = service.app.url_map.iter_rules()
    # Doors in the shapes of others are described by those.
    ours = (rule for rule in rules if rule.endpoint.partition(".")[0] not in {"eokm", "hma"})
    routes = {rule.rule for rule in ours if not rule.rule.startswith("/review")}
    unwritten = {"/live", "/healthz", "/metrics", "/docs", "/docs/rapidoc-min.js", "/openapi/v1.json"}
    assert described == routes - unwritten


def test_every_error_is_described_and_has_the_one_shape(service: Service) -> None:
    for path, item in document(service)["paths"].items():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    shape = response["content"]["application/json"]["schema"]
                    assert shape == {"$ref": "#/components/schemas/ErrorAnswer"}, path
    assert set(document(service)["components"]["schemas"]["ErrorAnswer"]["properties"]) == set(
        ErrorAnswer.model_fields
    )


def test_every_route_says_that_it_takes_a_signature(service: Service) -> None:
    operations = [one for item in document(service)["paths"].values() for one in item.values()]
    assert all(one["security"] == [{"signature": []}] for one in operations)


def test_the_page_loads_its_one_script_from_here_and_nothing_from_outside(service: Service) -> None:
    client = service.site.client
    page = client.get("/docs")
    loaded = Loaded()
    loaded.feed(page.text)
    assert loaded.addresses == {"openapi/v1.json", "docs/rapidoc-min.js", "data:,"}
    assert all(client.get(f"/{address}").status_code == 200 for address in loaded.addresses - {"data:,"})
    assert "//" not in page.text


def test_the_browser_is_told_to_load_nothing_from_outside_either(service: Service) -> None:
    policy = service.site.client.get("/docs").headers["Content-Security-Policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    allowed = {source for sources in rules.values() for source in sources.split()}
    assert allowed <= {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert rules["script-src"] == "'self'"


class Loaded(HTMLParser):
    """Every address that a page has its browser ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses |= {value for name, value in attrs if name in {"src", "href", "spec-url"} and value}


def document(service: Service) -> dict:
    return service.site.client.get("/openapi/v1.json").get_json()
