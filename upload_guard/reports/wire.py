"""Who uploaded a file, as a site or a person tells it in JSON."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyAddress,
    StringConstraints,
    model_validator,
)

from upload_guard.reports.facts import Uploader

_Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$", max_length=256)]


class UploaderQuestion(BaseModel):
    """What is known of who uploaded the file; at least one of the first four."""

    model_config = ConfigDict(extra="forbid")

    account: _Line = ""
    screen_name: _Line = ""
    email: _Line = ""
    ip: IPvAnyAddress | None = None
    port: int = Field(0, ge=0, le=65535, description="The uploader's own; 0 where it is not known.")
    at: AwareDatetime | None = Field(None, description="When it was uploaded.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.account or self.screen_name or self.email or self.ip):
            raise ValueError("at least one of account, screen_name, email and ip is needed")
        if self.port and not self.ip:
            raise ValueError("a port belongs to an ip")
        return self

    @property
    def uploader(self) -> Uploader:
        return Uploader(
            account=self.account,
            screen_name=self.screen_name,
            email=self.email,
            ip=str(self.ip) if self.ip else "",
            port=self.port,
            at=self.at,
        )
