"""Which role may do what."""

from __future__ import annotations

import pytest

from upload_guard.people.roles import Permission, Rights, Role

P = Permission


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.VIEWER, {P.SEE}),
        (Role.REVIEWER, {P.SEE, P.DECIDE, P.REPORT, P.REVEAL}),
        (Role.LIST_MANAGER, {P.SEE, P.MANAGE_LISTS}),
        (Role.ADMINISTRATOR, set(P)),
    ],
)
def test_each_role_has_its_permissions_and_no_other(role: Role, may: set[Permission]) -> None:
    assert Rights().permissions(role) == may


def test_a_setting_says_who_may_reveal() -> None:
    nobody = Rights.of(())
    assert not any(P.REVEAL in nobody.permissions(role) for role in Role)
    assert P.REVEAL in Rights.of(["viewer"]).permissions(Role.VIEWER)
