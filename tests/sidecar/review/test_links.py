"""Links to pages that may not be there."""

from __future__ import annotations

from flask import Flask

from upload_guard.sidecar.review.links import case_page, queue_of_proposed


def serving(**rules: str) -> Flask:
    app = Flask(__name__)
    for page, rule in rules.items():
        app.add_url_rule(rule, f"review.{page}.show", lambda **_: "")
    return app


def test_a_case_and_the_queue_are_linked_where_they_are_served() -> None:
    with serving(case="/review/cases/<number>", queue="/review/queue").test_request_context():
        assert case_page("4K7B-2222-3333") == "/review/cases/4K7B-2222-3333"
        assert queue_of_proposed("icse") == "/review/queue?state=release_proposed&list=icse"


def test_where_they_are_not_there_is_no_link() -> None:
    with serving().test_request_context():
        assert (case_page("4K7B-2222-3333"), queue_of_proposed("icse")) == (None, None)
