"""Which rule a request falls under: the first route whose pattern covers its path, else the default."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase

from upload_guard.errors import AmbiguousRequest
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
        """The route of a path as it stands in PATH_INFO.

        Raises `AmbiguousRequest` for a path such as `/open/../upload` that falls under another rule once it
        is resolved: servers and applications differ in whether they do that.
        """
        route = self._first(path)
        if self.routes and self._first(_resolved(path)) is not route:
            raise AmbiguousRequest("the path of the request falls under another route once it is resolved")
        return route

    def _first(self, path: str) -> Route:
        return next((route for route in self.routes if fnmatchcase(path, route.pattern)), self.default)


def _resolved(path: str) -> str:
    """Without `.`, `..` and empty segments (RFC 3986, 5.2.4); a slash at the end stays."""
    resolved = posixpath.normpath("/" + path.lstrip("/"))
    return resolved + "/" if path.endswith(("/", "/.", "/..")) and resolved != "/" else resolved
