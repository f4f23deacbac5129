"""Roles, and what each may do. A person has one role."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What a page or an act takes."""

    SEE = "see"
    """Cases, lists and statistics, without any picture."""
    DECIDE = "decide"
    """Release, confirm, escalate; hold and export."""
    REVEAL = "reveal"
    """Look at what a case holds, blurred and in grey, for a reason that is noted."""
    REPORT = "report"
    """Draft, approve, send and take back reports; they name persons."""
    MANAGE_LISTS = "manage-lists"
    ADMINISTER = "administer"
    """Persons and their roles."""


class Role(StrEnum):
    VIEWER = "viewer"
    REVIEWER = "reviewer"
    LIST_MANAGER = "list_manager"
    ADMINISTRATOR = "administrator"


_HAS = {
    Role.VIEWER: frozenset({Permission.SEE}),
    Role.REVIEWER: frozenset({Permission.SEE, Permission.DECIDE, Permission.REPORT}),
    Role.LIST_MANAGER: frozenset({Permission.SEE, Permission.MANAGE_LISTS}),
    Role.ADMINISTRATOR: frozenset(set(Permission) - {Permission.REVEAL}),
}


@dataclass(frozen=True, slots=True)
class Rights:
    """What roles may do here. `reveal`: the roles that may look, which a setting says."""

    reveal: frozenset[Role] = frozenset({Role.REVIEWER, Role.ADMINISTRATOR})

    @classmethod
    def of(cls, reveal_roles: Iterable[str]) -> Rights:
        return cls(frozenset(map(Role, reveal_roles)))

    def permissions(self, role: Role) -> frozenset[Permission]:
        return _HAS[role] | ({Permission.REVEAL} if role in self.reveal else frozenset())


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is logged in. `name` is what audit rows and decisions carry."""

    id: str
    name: str
    role: Role
    permissions: frozenset[Permission]

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions
