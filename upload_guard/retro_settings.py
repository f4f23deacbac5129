"""Options of the retro-match: uploads that passed, held against every new version of a list."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from upload_guard.sections import Section


class RetroSettings(Section):
    """For how many `days` an upload that passed is remembered; without any, nothing is.

    `places` are beginnings of locators: where a site says that a file went there, it is read.
    """

    days: int = Field(default=0, ge=0, le=365)
    places: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+://\S+/$")], ...] = ()
