"""Options of check services that are asked at upload time, [upstreams.NAME], and what each kind takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from upload_guard.list_settings import is_private
from upload_guard.sections import SecretText, Section

UpstreamKind = Literal["eokm", "hma", "arachnid", "photodna", "upload_guard", "private", "ranges"]
Sent = Literal["md5", "sha1", "sha256", "pdq", "file"]
KnownCategory = Literal["baseline", "illegal", "investigative", "other", "unknown"]
Word = Annotated[str, StringConstraints(pattern=r"^\S(.{0,126}\S)?$")]
UpstreamFailure = Literal["closed", "open", "degrade"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of service can be sent, and what it asks to let somebody in.

    `usual` is what it is sent where settings do not say. `per_hash`: each hash is a request of its own.
    `our_words`: its categories are called as ours. `rate` is what it allows a second, 0 where it names none.
    """

    takes: tuple[Sent, ...]
    usual: tuple[Sent, ...]
    login: bool = False
    key: bool = False
    needs_login: bool = False
    needs_key: bool = False
    per_hash: bool = False
    test_path: bool = False
    banks: bool = False
    our_words: bool = False
    rate: float = 0.0


_MD5_SHA1: tuple[Sent, ...] = ("md5", "sha1")
_DIGESTS: tuple[Sent, ...] = (*_MD5_SHA1, "sha256")
_HASHES: tuple[Sent, ...] = (*_MD5_SHA1, "sha256", "pdq")
KINDS: Mapping[UpstreamKind, Kind] = MappingProxyType(
    {
        "eokm": Kind(_MD5_SHA1, _MD5_SHA1, login=True, needs_login=True, per_hash=True, test_path=True),
        # Few installations have enabled MD5, and those that have not call it a fault.
        "hma": Kind(("md5", "pdq", "file"), ("pdq",), login=True, key=True, per_hash=True, banks=True),
        "arachnid": Kind(("pdq", "file"), ("pdq",), login=True, needs_login=True),
        # Five to ten by contract.
        "photodna": Kind(("file",), (), key=True, needs_key=True, rate=5.0),
        # A machine key: its id and its secret.
        "upload_guard": Kind((*_HASHES, "file"), _HASHES, login=True, needs_login=True, our_words=True),
        # Another upload_guard that is not told what it is asked about; "ranges" tells it the first digits.
        "private": Kind(_DIGESTS, _DIGESTS, login=True, needs_login=True, our_words=True),
        "ranges": Kind(_DIGESTS, _DIGESTS, login=True, needs_login=True, per_hash=True, our_words=True),
    }
)

# They may be an upload_guard, which wants to hear what became of its hits.
_HEAR_OUTCOMES = frozenset({"eokm", "upload_guard"})


class UpstreamSettings(Section):
    """One check service: where it is, what it is sent, and what its yes and its silence mean."""

    kind: UpstreamKind
    url: str
    origin: Annotated[str, StringConstraints(pattern=r"^\S.{0,63}$")]
    user: str = ""
    password: SecretText = SecretStr("")
    key: SecretText = SecretStr("")
    ca_file: Path | None = None
    test_path: bool = False
    banks: tuple[Word, ...] = ()
    timeout: float = Field(default=10.0, gt=0, le=600, allow_inf_nan=False)
    send: tuple[Sent, ...] = ()
    variants: bool = True
    category: KnownCategory = "illegal"
    categories: dict[Word, KnownCategory] = Field(default_factory=dict)
    pdq_limit: int | None = Field(default=None, ge=0, le=60)
    failure: UpstreamFailure = "closed"
    rate: float | None = Field(default=None, ge=0, le=10_000, allow_inf_nan=False)
    positive_seconds: float = Field(default=3600.0, ge=0, le=7 * 86400, allow_inf_nan=False)
    negative_seconds: float = Field(default=300.0, ge=0, le=86400, allow_inf_nan=False)
    cache_entries: int = Field(default=10_000, ge=0, le=10_000_000)
    failures: int = Field(default=5, ge=1, le=1000)
    pause: float = Field(default=10.0, gt=0, le=3600, allow_inf_nan=False)
    outcomes: bool = False

    @field_validator("url")
    @classmethod
    def _is_private(cls, url: str) -> str:
        if not is_private(url) or urlsplit(url).query:
            raise ValueError(_ADDRESS)
        return url.rstrip("/")

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        known = KINDS[self.kind]
        login, key = bool(self.user), bool(self.key.get_secret_value())
        if login != bool(self.password.get_secret_value()):
            raise ValueError("a table with both user and password, or neither")
        if login and not known.login:
            raise ValueError(f"a table without user: {self.kind} has no use for it")
        if key and not known.key:
            raise ValueError(f"a table without key: {self.kind} has no use for it")
        if login and key:
            raise ValueError("a table with user and password or with key, not both")
        if known.needs_login and not login:
            raise ValueError(f"a table with user and password, without which {self.kind} lets nobody in")
        if known.needs_key and not key:
            raise ValueError(f"a table with key, without which {self.kind} lets nobody in")
        return self

    @model_validator(mode="after")
    def _sends_what_it_takes(self) -> Self:
        known = KINDS[self.kind]
        if foreign := [one for one in self.send if one not in known.takes]:
            raise ValueError(
                f"a table whose send is of what {self.kind} takes: {', '.join(known.takes)}"
                f" (not {', '.join(foreign)})"
            )
        if not self.sent:
            raise ValueError(
                f'a table with send = ["file"], if files may leave this machine: {self.kind} takes no hashes'
            )
        if self.test_path and not known.test_path:
            raise ValueError(f"a table without test_path: {self.kind} has none")
        if self.banks and not known.banks:
            raise ValueError(f"a table without banks: {self.kind} has none")
        return self

    @model_validator(mode="after")
    def _hears_outcomes(self) -> Self:
        if self.outcomes and self.kind not in _HEAR_OUTCOMES:
            raise ValueError(f"a table without outcomes: {self.kind} wants to hear none")
        if self.outcomes and self.sent == ("file",):
            raise ValueError("a table that sends hashes too, for outcomes name a hit by its hash")
        return self

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What leaves this machine: hashes only, unless settings say otherwise."""
        return self.send or KINDS[self.kind].usual

    def words(self) -> dict[str, str]:
        """Our categories by its own words, in small letters."""
        same = get_args(KnownCategory) if KINDS[self.kind].our_words else ()
        given = {word.lower(): ours for word, ours in self.categories.items()}
        return dict(zip(same, same, strict=True)) | given

    @property
    def rate_in_force(self) -> float:
        """Requests a second; 0 for as many as come."""
        return KINDS[self.kind].rate if self.rate is None else self.rate

    def resolved_against(self, folder: Path) -> Self:
        """The same with relative paths counted from `folder`."""
        return self.model_copy(update={"ca_file": self.ca_file and folder / self.ca_file})


_ADDRESS = 'an https address such as "https://api.example.org" (http on loopback only; no user, no query)'
