"""Options of viewing: whether anybody may be shown anything of a held file, how much, and how often."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from upload_guard.sections import Section

RoleName = Literal["viewer", "reviewer", "list_manager", "administrator"]
Step = Annotated[int, Field(ge=0, le=3)]


def _steps() -> dict[RoleName, Step]:
    return {"reviewer": 2, "administrator": 3}


class RevealSettings(Section):
    """`steps` are the last that each role may take, 1 showing the least; a role without may view nothing.

    `thumbnail` shows the first step on the page of a case, unasked.
    """

    viewing: Literal["off", "on"] = "off"
    steps: dict[RoleName, Step] = Field(default_factory=_steps)
    thumbnail: bool = False
    per_hour: int = Field(default=40, ge=1, le=1000)

    @property
    def roles(self) -> tuple[str, ...]:
        """Those that may view anything."""
        return tuple(role for role in self.steps if self.most_of(role))

    def most_of(self, role: str) -> int:
        """The last step of that role; 0 where it may view nothing."""
        if self.viewing == "off":
            return 0
        return next((step for name, step in self.steps.items() if name == role), 0)
