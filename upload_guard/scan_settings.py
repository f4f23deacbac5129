"""Options of scans of what a site has already."""

from __future__ import annotations

from pydantic import Field

from upload_guard.sections import Section


class ScanSettings(Section):
    """How hard a scan works, and for how long it remembers what it has seen; `jobs` of 0 is half the CPUs."""

    jobs: int = Field(default=0, ge=0, le=256)
    nice: int = Field(default=10, ge=0, le=19)
    remember_days: int = Field(default=400, ge=0, le=3650)
