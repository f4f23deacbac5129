"""What every table of options has in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationInfo, field_validator


def _is_text(secret: Any) -> Any:
    if not isinstance(secret, str | SecretStr):
        raise ValueError("a text in quotes")  # noqa: TRY004 - pydantic's way of saying it
    return secret


SecretText = Annotated[SecretStr, BeforeValidator(_is_text)]
"""A password or key: a number is none, whose digits nobody wrote so."""


class Section(BaseModel):
    """A frozen table of options that takes no name it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_truth_value(cls, value: Any, info: ValidationInfo) -> Any:
        # pydantic would take `port = true` for 1.
        if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation is not bool:
            raise ValueError("something else than true or false")
        return value
