"""Whether anybody may be shown anything: nobody, unless the settings say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import settings_in
from upload_guard.reveal_settings import RevealSettings

ROLES = ("viewer", "reviewer", "list_manager", "administrator")


def test_nobody_views_anything_by_default(tmp_path: Path) -> None:
    own = settings_in(tmp_path).reveal
    assert (own.viewing, own.thumbnail) == ("off", False)
    assert {own.most_of(role) for role in ROLES} == {0}


def test_where_it_is_switched_on_each_role_has_its_last_step() -> None:
    own = RevealSettings(viewing="on")
    assert {role: own.most_of(role) for role in ROLES} == {
        "viewer": 0,
        "reviewer": 2,
        "list_manager": 0,
        "administrator": 3,
    }


def test_a_role_that_is_not_named_views_nothing() -> None:
    assert RevealSettings(viewing="on", steps={"administrator": 1}).most_of("reviewer") == 0


@pytest.mark.parametrize("steps", [{"reviewer": 4}, {"reviewer": -1}, {"guest": 1}])
def test_a_step_or_role_that_is_none_is_refused(steps: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="steps"):
        RevealSettings.model_validate({"viewing": "on", "steps": steps})
