"""Options of the quarantine: where bytes are held, and for how long."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from upload_guard.sections import Section

JurisdictionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,15}$")]
CategoryName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._ -]{0,63}$")]


class RetentionSettings(Section):
    """What happens to the bytes of one category; `days` of 0 is for ever."""

    keep: Literal["sealed", "none"] = "sealed"
    days: int = Field(default=0, ge=0, le=36500)


class QuarantineSettings(Section):
    """What becomes of cases, and where their bytes lie."""

    on_retraction: Literal["propose", "release"] = "propose"
    second_person: list[Literal["confirm"]] = Field(default_factory=list)
    decide_within_hours: int = Field(default=24, ge=1, le=8760)
    vault: Annotated[str, StringConstraints(pattern=r"^$|^[a-z0-9+]+://\S+$")] = ""
    jurisdiction: Annotated[str, StringConstraints(pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9-]{0,15}$")] = ""
    site_jurisdictions: dict[str, JurisdictionName] = Field(default_factory=dict)
    retention: dict[JurisdictionName, dict[CategoryName, RetentionSettings]] = Field(default_factory=dict)
