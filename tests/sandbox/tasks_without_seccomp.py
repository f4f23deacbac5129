"""The same task on a system that has no libseccomp."""

from __future__ import annotations

from collections.abc import Callable

from tests.sandbox.tasks import analyse
from upload_guard.sandbox import confine

__all__ = ["analyse"]


def _missing() -> Callable[[], None]:
    raise RuntimeError("libseccomp was taken away")


confine.prepared_filter = _missing
