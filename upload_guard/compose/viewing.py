"""What shows people a little of held files, where settings allow it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from upload_guard.compose.checking import sandbox_limits, scan_limits
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.glimpses.reveals import Reveals
    from upload_guard.storage.database import Database


def build_reveals(settings: Settings, database: Database) -> Reveals:
    """Its decoder starts at the first look, and each file has a worker of its own."""
    from upload_guard.containers.glimpses import TASK
    from upload_guard.glimpses.looking import Looker
    from upload_guard.glimpses.reveals import Reveals
    from upload_guard.sandbox.pool import Sandbox

    limits = replace(sandbox_limits(settings), workers=1, files=1)
    sandbox = Sandbox(limits, scan_limits(settings), TASK)
    return Reveals(database, Looker(sandbox), settings.reveal.per_hour)
