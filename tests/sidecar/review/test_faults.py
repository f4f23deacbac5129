"""What a person reads where something cannot be done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sidecar.review.conftest import House
from upload_guard.errors import AuditBroken, LogInLocked, StorageFailed, UsageError
from upload_guard.people.roles import Role
from upload_guard.sidecar.review.access import logged_in


def raising(error: Exception) -> Callable[..., str]:
    def view() -> str:
        raise error

    return logged_in(view)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (UsageError("case X is released: reopen it first"), 400, "case X is released: reopen it first"),
        (AuditBroken("row 7 of a secret file"), 503, "Nothing can be decided now"),
        (StorageFailed("database /var/lib/secret"), 503, "try again in a minute"),
        (LogInLocked("somebody", 60), 429, "Please wait a while"),
    ],
)
def test_each_fault_has_its_page(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, said: str
) -> None:
    viewer = house.person(Role.VIEWER)
    monkeypatch.setitem(house.app.view_functions, "review.home.start", raising(error))
    answer = viewer.get("/review/")
    assert answer.status_code == status
    assert said in answer.text
    assert "secret" not in answer.text
    assert answer.headers.get("Retry-After") == ("60" if status == 429 else None)
    assert answer.mimetype == "text/html"


def test_under_htmx_the_sentence_comes_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = house.person(Role.VIEWER)
    monkeypatch.setitem(house.app.view_functions, "review.home.start", raising(UsageError("say why")))
    answer = viewer.get("/review/", **{"HX-Request": "true", "Accept-Language": "nl"})
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (400, "#messages")
    assert '<span lang="en">say why</span>' in answer.text
    assert "Dit is niet begrepen" in answer.text
