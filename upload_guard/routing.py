"""Which rule a request falls under: the first route whose pattern covers its path, else the default."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from upload_guard.guard import Guard
from upload_guard.intake.rules import IntakeRule


@dataclass(frozen=True, slots=True)
class Route:
    """How requests to paths like `pattern` (as in a shell; `*` crosses slashes) are taken in and judged."""

    pattern: str
    rule: IntakeRule
    guard: Guard


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes in the order of the settings."""

    routes: tuple[Route, ...]
    default: Route

    def of(self, path: str) -> Route:
        return next((route for route in self.routes if fnmatchcase(path, route.pattern)), self.default)
