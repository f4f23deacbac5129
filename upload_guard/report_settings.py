"""Options of reports going out: who reports, [reports], and to whom, [reports.recipients.NAME]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from upload_guard.list_settings import is_private
from upload_guard.sections import SecretText, Section

FormatName = Literal[
    "text",
    "html",
    "pdf",
    "cybertip",
    "scart_notice",
    "scart_police",
    "scart_api",
    "xarf",
    "xarf_mail",
    "arf",
]
SenderName = Literal[
    "folder",
    "cybertip",
    "scart",
    "post",
    "smtp",
]
JurisdictionName = Literal["", "eu", "nl", "us"]
RecipientName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
_Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{0,256}$")]


@dataclass(frozen=True, slots=True)
class Way:
    """What a sender has to be told in settings, and which formats it can take (none named: every one)."""

    needs: tuple[str, ...]
    takes: tuple[FormatName, ...] = ()


# One line a sender, as `reports.registry` has them.
WAYS: Mapping[SenderName, Way] = MappingProxyType(
    {
        "folder": Way(needs=("folder",)),
        "cybertip": Way(needs=("url", "user", "password"), takes=("cybertip",)),
        "scart": Way(needs=("url", "key"), takes=("scart_api",)),
        "post": Way(needs=("url",), takes=("xarf",)),
        "smtp": Way(needs=("to",)),
    }
)

# What formats and senders take in `options`, by their names; `addressee` is of the jurisdiction.
OPTIONS: Mapping[str, Mapping[str, type]] = MappingProxyType(
    {
        "cybertip": {"details": bool, "scale": bool, "legal_url": str},
        "scart_notice": {"ip": str},
        "scart_police": {"ip": str},
        "scart_api": {"ip": str, "form": bool},
    }
)


class RecipientSettings(Section):
    """One recipient: what it is written, by which way it goes, and whether a person has to send it."""

    format: FormatName
    sender: SenderName
    send: Literal["by_hand", "when_confirmed"] = "by_hand"
    wait_minutes: float = Field(default=60.0, ge=0, le=7 * 1440, allow_inf_nan=False)
    sites: tuple[str, ...] = ()
    blocked: bool = False
    jurisdiction: JurisdictionName = ""
    language: Literal["en", "nl"] = "en"
    preserve: bool = False
    folder: Path | None = None
    url: str = ""
    to: _Line = ""
    user: _Line = ""
    password: SecretText = SecretStr("")
    key: SecretText = SecretStr("")
    ca_file: Path | None = None
    timeout: float = Field(default=30.0, gt=0, le=600, allow_inf_nan=False)
    options: dict[str, str | int | bool] = Field(default_factory=dict)

    @field_validator("url")
    @classmethod
    def _is_private(cls, url: str) -> str:
        if url and not is_private(url):
            raise ValueError('an https address such as "https://report.example.org" (http on loopback only)')
        return url.rstrip("/")

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        way = WAYS[self.sender]
        if lacking := [name for name in way.needs if not self._has(name)]:
            raise ValueError(f"a table with {' and '.join(lacking)}, which the sender {self.sender} needs")
        if way.takes and self.format not in way.takes:
            raise ValueError(
                f"a table whose format is {' or '.join(way.takes)}, for {self.sender} takes that"
            )
        return self

    @model_validator(mode="after")
    def _takes_its_options(self) -> Self:
        known = {"addressee": str, **OPTIONS.get(self.format, {}), **OPTIONS.get(self.sender, {})}
        for name, value in self.options.items():
            if name not in known:
                raise ValueError(
                    f"a table whose options are of {', '.join(sorted(known))} (not {name}), "
                    f"for the format {self.format} by {self.sender}"
                )
            if type(value) is not known[name]:
                raise ValueError(f"a table whose option {name} is {_NAMED[known[name]]}")
        return self

    def _has(self, name: str) -> bool:
        value = getattr(self, name)
        return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)

    def concerns(self, site: str) -> bool:
        """Whether cases of `site` are reported to it."""
        return not self.sites or site in self.sites

    def resolved_against(self, folder: Path) -> Self:
        """The same with relative paths counted from `folder`."""
        paths = {
            "folder": self.folder and folder / self.folder,
            "ca_file": self.ca_file and folder / self.ca_file,
        }
        return self.model_copy(update=paths)


_NAMED = {bool: "true or false", int: "a number", str: "a text in quotes"}


class ReportSettings(Section):
    """Who reports, for how long a report is tried, and to whom."""

    organisation: _Line = ""
    domain: _Line = ""
    contact_name: _Line = ""
    email: _Line = ""
    telephone: _Line = ""
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = ""
    site_urls: dict[str, str] = Field(default_factory=dict)
    keep_uploader: bool = True
    give_up_hours: float = Field(default=72.0, gt=0, le=24 * 30, allow_inf_nan=False)
    recipients: dict[RecipientName, RecipientSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_who_reports(self) -> Self:
        needed = ("organisation", "domain", "contact_name", "email")
        if self.recipients and (lacking := [name for name in needed if not getattr(self, name)]):
            raise ValueError(f"a table with {', '.join(lacking)}: a report says who makes it")
        return self

    def resolved_against(self, folder: Path) -> Self:
        """The same with relative paths counted from `folder`."""
        return self.model_copy(
            update={
                "recipients": {name: one.resolved_against(folder) for name, one in self.recipients.items()}
            }
        )
