"""upload_guard checks uploads against hash lists of known abuse images before an application sees them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from upload_guard.guard import Guard
    from upload_guard.late.entries import LateMatch
    from upload_guard.loading import load_settings
    from upload_guard.records import Action, Outcome, Result, Verdict
    from upload_guard.settings import Settings
    from upload_guard.wsgi import UploadGuard

__version__ = "0.1.0"
__all__ = [
    "Action",
    "Guard",
    "LateMatch",
    "Outcome",
    "Result",
    "Settings",
    "UploadGuard",
    "Verdict",
    "__version__",
    "load_settings",
]

_HOMES = {
    "Action": "records",
    "Guard": "guard",
    "LateMatch": "late.entries",
    "Outcome": "records",
    "Result": "records",
    "Settings": "settings",
    "UploadGuard": "wsgi",
    "Verdict": "records",
    "load_settings": "loading",
}


def __getattr__(name: str) -> Any:
    """Import on first use: a site that only needs one name should not pay for the others."""
    if name not in _HOMES:
        raise AttributeError(f"module 'upload_guard' has no attribute {name!r}")
    return getattr(import_module(f"upload_guard.{_HOMES[name]}"), name)
