"""What every view of strangers says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from upload_guard.sidecar.auth import for_people

View = TypeVar("View", bound=Callable[..., Any])


def stranger(view: View) -> View:
    """Anybody opens the view; no machine key is looked at."""
    return for_people(view)
