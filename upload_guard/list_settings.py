"""Options of hash lists: what each may cause, where it comes from, and what is trusted above it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import ByteSize, Field, SecretStr, StringConstraints, field_validator, model_validator

from upload_guard.records import PLUG_IN_NAME, SignalType
from upload_guard.sections import Section

LIST_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"

Ceiling = Literal["ignore", "monitor", "quarantine", "block"]
ListFormat = Literal["plain", "csv", "icse", "vics", "jsonl"]
ExchangeKind = Literal["url", "folder", "ncmec", "stopncii", "tat", "hma", "upload_guard"]
Disclosure = Literal["never", "oblivious", "ranges"]
Category = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")]
SignalName = Annotated[str, StringConstraints(pattern=f"^{PLUG_IN_NAME}$")]
ListName = Annotated[str, StringConstraints(pattern=f"^{LIST_NAME}$")]


class TrustSettings(Section):
    """The strongest action that a match in each category may cause, and distance limits in bits."""

    baseline: Ceiling = "block"
    illegal: Ceiling = "quarantine"
    investigative: Ceiling = "monitor"
    other: Ceiling = "ignore"
    unknown: Ceiling = "ignore"
    probation_hours: float = Field(default=24.0, ge=0, le=24 * 365, allow_inf_nan=False)
    pdq_limit: int = Field(default=31, ge=0, le=60)
    phash_limit: int = Field(default=8, ge=0, le=16)
    dhash_limit: int = Field(default=8, ge=0, le=16)

    def ceilings(self) -> dict[str, Ceiling]:
        return {
            "baseline": self.baseline,
            "illegal": self.illegal,
            "investigative": self.investigative,
            "other": self.other,
            "unknown": self.unknown,
        }


class ExchangeSettings(Section):
    """Where a list comes from by itself: files at an address or in a folder, or a system of the field."""

    url: str
    origin: Annotated[str, StringConstraints(pattern=r"^\S.{0,63}$")]
    kind: ExchangeKind | None = None
    format: ListFormat | None = None
    signal_type: SignalType | None = None
    category: Category | None = None
    user: str = ""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    every_hours: float = Field(default=6.0, gt=0, le=24 * 365, allow_inf_nan=False)
    stale_hours: float = Field(default=72.0, gt=0, le=24 * 365, allow_inf_nan=False)
    timeout: float = Field(default=600.0, gt=0, le=24 * 3600, allow_inf_nan=False)
    max_bytes: ByteSize = Field(default=ByteSize(4 << 30), ge=1024)
    feedback: bool = False
    members: frozenset[Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]] = frozenset()
    feedback_reason: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{0,64}$")] = ""
    dissent: int = Field(default=0, ge=0, le=1000)
    subscription_key: SecretStr = SecretStr("")
    function_key: SecretStr = SecretStr("")
    feedback_key: SecretStr = SecretStr("")
    bearer: SecretStr = SecretStr("")
    remote_name: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{0,255}$")] = ""
    gap: int = Field(default=200, ge=1, le=1_000_000)
    key_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    secret: SecretStr = SecretStr("")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            named = bool(parts.hostname) and parts.port != 0
        except ValueError:
            raise ValueError(_ADDRESS) from None
        if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
            return url
        # What stands before the host would be shown with it.
        if parts.scheme not in {"http", "https"} or not named or "@" in parts.netloc or parts.fragment:
            raise ValueError(_ADDRESS)
        return url

    @field_validator(
        "password", "subscription_key", "function_key", "feedback_key", "bearer", "secret", mode="before"
    )
    @classmethod
    def _is_text(cls, password: Any) -> Any:
        if not isinstance(password, str | SecretStr):
            raise ValueError("a text in quotes")  # noqa: TRY004 - pydantic's way of saying it
        return password

    @field_validator("subscription_key", "function_key", "feedback_key", "bearer")
    @classmethod
    def _fits_a_header(cls, key: SecretStr) -> SecretStr:
        said = key.get_secret_value()
        if not (said.isascii() and said.isprintable()):
            raise ValueError("a key of ASCII without a line break, since it stands in a header")
        return key

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        is_file = urlsplit(self.url).scheme == "file"
        if is_file != (self.system == "folder"):
            raise ValueError('a table whose url is "file:///..." for the kind "folder", and for no other')
        if self.system in _PROTOCOLS and (urlsplit(self.url).query or not self.is_private):
            raise ValueError("a table with an https url without a query, since keys go there")
        for option, kinds in _ONLY_FOR.items():
            if option in self.model_fields_set and self.system not in kinds:
                raise ValueError(f"a table without {option}, which is for the kind {' or '.join(kinds)}")
        lacking = [option for option in _NEEDED.get(self.system, ()) if not _given(getattr(self, option))]
        if lacking:
            raise ValueError(f"a table with {' and '.join(lacking)}, which the kind {self.system!r} needs")
        return self

    @model_validator(mode="after")
    def _tells_no_password_to_everybody(self) -> Self:
        if bool(self.user) != bool(self.password.get_secret_value()):
            raise ValueError("a table with both user and password, or neither")
        if self.user and not self.is_private:
            raise ValueError("a table with an https url, since a password would be read on its way")
        return self

    @model_validator(mode="after")
    def _takes_feedback(self) -> Self:
        if self.feedback and self.system not in _TAKING:
            raise ValueError(f"a table with feedback = false: of exchanges {', '.join(_TAKING)} take any")
        if self.feedback and self.system == "stopncii" and not _given(self.feedback_key):
            raise ValueError("a table with feedback_key, the function key of SubmitFeedback, for feedback")
        return self

    @property
    def system(self) -> ExchangeKind:
        """What answers at `url`: its kind, or what the address itself tells."""
        return self.kind or ("folder" if urlsplit(self.url).scheme == "file" else "url")

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read or change what comes."""
        parts = urlsplit(self.url)
        return parts.scheme != "http" or is_loopback(parts.hostname or "")


_PROTOCOLS = ("ncmec", "stopncii", "tat", "hma", "upload_guard")
_TAKING = ("folder", "ncmec", "stopncii")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "ncmec": ("user", "password"),
    "stopncii": ("subscription_key", "function_key"),
    "tat": ("user", "password"),
    "hma": ("remote_name",),
    "upload_guard": ("remote_name", "key_id", "secret"),
}
_ONLY_FOR: Mapping[str, tuple[str, ...]] = {
    "format": ("url", "folder"),
    "signal_type": ("url", "folder"),
    "user": ("url", "ncmec", "tat"),
    "members": ("ncmec",),
    "feedback_reason": ("ncmec",),
    "dissent": ("ncmec", "stopncii"),
    "subscription_key": ("stopncii",),
    "function_key": ("stopncii",),
    "feedback_key": ("stopncii",),
    "bearer": ("hma",),
    "gap": ("hma",),
    "remote_name": ("hma", "upload_guard"),
    "key_id": ("upload_guard",),
    "secret": ("upload_guard",),
}


def _given(value: str | SecretStr) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


_ADDRESS = (
    'an address such as "https://lists.example.org/icse.csv" (no user in it) or "file:///srv/lists/icse"'
)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(url: str) -> bool:
    """Whether what is sent to this address is read by nobody between: https, or http to this machine.

    It names a host, and no user, which would be shown with it, and no fragment, which is never sent.
    """
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    covered = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    return named and covered and "@" not in parts.netloc and not parts.fragment


class ListSettings(Section):
    """What is said of one hash list, and what differs for it from `[trust]`."""

    activate: Literal["auto", "manual"] = "auto"
    actions: dict[Category, Ceiling] = Field(default_factory=dict)
    pdq_limit: int | None = Field(default=None, ge=0, le=60)
    pdq_review_limit: int | None = Field(default=None, ge=0, le=60)
    phash_limit: int | None = Field(default=None, ge=0, le=16)
    dhash_limit: int | None = Field(default=None, ge=0, le=16)
    signal_limits: dict[SignalName, Annotated[int, Field(ge=0, le=128)]] = Field(default_factory=dict)
    public_key: Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{64})?$")] = ""
    share: bool = False
    disclose: Disclosure = "never"
    exchange: ExchangeSettings | None = None

    @model_validator(mode="after")
    def _comes_unchanged(self) -> Self:
        if self.exchange and not self.exchange.is_private and not self.public_key:
            raise ValueError(
                "a table with a public_key, or an exchange with an https url: "
                "anybody on the way could change a list that comes by http"
            )
        return self

    def resolved_against(self, folder: Path) -> Self:
        """The same with relative paths counted from `folder`."""
        if self.exchange is None or self.exchange.ca_file is None:
            return self
        ca_file = folder / self.exchange.ca_file
        return self.model_copy(update={"exchange": self.exchange.model_copy(update={"ca_file": ca_file})})


class BreakerSettings(Section):
    """When an entry that suddenly matches much is lowered, and what tells uploaders apart."""

    uploads: int = Field(default=20, ge=2)
    share: float = Field(default=0.05, gt=0, le=1, allow_inf_nan=False)
    sources: int = Field(default=3, ge=2)
    uploader: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.]{0,64}$")] = ""


class BenignSettings(Section):
    """The bank of known-good images."""

    shipped: bool = True
