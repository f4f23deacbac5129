"""Every option with its type, range and default, as plain data: `Settings(...)` reads nothing.

`loading.load_settings` fills it from file, environment and arguments.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import ByteSize, Field, StringConstraints, ValidationInfo, field_validator

from upload_guard.door_settings import ClamdSettings, IcapSettings
from upload_guard.sections import Section as _Section

LIST_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"

Ceiling = Literal["ignore", "monitor", "quarantine", "block"]
FailureMode = Literal["closed", "open"]
UnreadMode = Literal["monitor", "quarantine"]
CarrierName = Literal["compressed", "urlencoded", "json", "xml", "text"]
ContainerName = Literal["zip", "pdf", "svg", "eml", "tar", "gzip", "bzip2", "xz", "text", "appended"]
Category = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")]
ListName = Annotated[str, StringConstraints(pattern=f"^{LIST_NAME}$")]


class IntakeSettings(_Section):
    """How request bodies are taken in."""

    spool_dir: Path | None = None
    max_body: ByteSize = Field(default=ByteSize(4 << 30), gt=0)
    max_parts: int = Field(default=1000, ge=1)
    max_part_header: ByteSize = Field(default=ByteSize(8 << 10), ge=256)
    max_files: int = Field(default=100, ge=1)
    max_carried: int = Field(default=1000, ge=1)
    max_text: ByteSize = Field(default=ByteSize(64 << 20), ge=1024)
    max_inflated: ByteSize = Field(default=ByteSize(256 << 20), ge=1024)
    max_unfinished: ByteSize = Field(default=ByteSize(16 << 30), gt=0)
    unfinished_hours: float = Field(default=24.0, gt=0, le=24 * 365, allow_inf_nan=False)
    body_timeout: float = Field(default=300.0, gt=0, le=86400, allow_inf_nan=False)
    carriers: tuple[CarrierName, ...] = get_args(CarrierName)

    @field_validator("spool_dir", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value


class ServiceSettings(_Section):
    """The sidecar to ask; without a `url` this process checks by itself."""

    url: str = ""
    connect_timeout: float = Field(default=1.0, gt=0, le=60)
    timeout: float = Field(default=10.0, gt=0, le=600)

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if url and not usable:
            raise ValueError('an address such as "http://127.0.0.1:8467", or "" to check in this process')
        return url.rstrip("/")

    @field_validator("timeout")
    @classmethod
    def _holds_the_connection(cls, timeout: float, info: ValidationInfo) -> float:
        least = info.data.get("connect_timeout", 0)
        if timeout < least:
            raise ValueError(f"at least service.connect_timeout ({least})")
        return timeout


class SidecarSettings(_Section):
    """The HTTP service that `upload-guard serve` runs."""

    host: str = "127.0.0.1"
    port: int = Field(default=8467, ge=1, le=65535)
    workers: int = Field(default=2, ge=1, le=256)
    threads: int = Field(default=2, ge=1, le=256)

    @field_validator("host")
    @classmethod
    def _is_loopback(cls, host: str) -> str:
        # The service has no keys yet: whoever reaches it may check and fill the quarantine.
        if host == "localhost":
            return host
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise ValueError("a loopback address such as 127.0.0.1 or ::1, since the service has no keys yet")
        return host


class ImagingSettings(_Section):
    """What may be decoded, and from which quality on a perceptual hash means anything."""

    # Pillow itself refuses pictures of more than 178,956,970 pixels.
    max_pixels: int = Field(default=100_000_000, ge=4096, le=178_000_000)
    max_total_pixels: int = Field(default=1_000_000_000, ge=4096)
    max_frames: int = Field(default=256, ge=1)
    min_quality: int = Field(default=50, ge=0, le=100)
    decode_on_exact: bool = False


class TrustSettings(_Section):
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


class ListSettings(_Section):
    """What is said of one hash list, and what differs for it from `[trust]`."""

    activate: Literal["auto", "manual"] = "auto"
    actions: dict[Category, Ceiling] = Field(default_factory=dict)
    pdq_limit: int | None = Field(default=None, ge=0, le=60)
    pdq_review_limit: int | None = Field(default=None, ge=0, le=60)
    phash_limit: int | None = Field(default=None, ge=0, le=16)
    dhash_limit: int | None = Field(default=None, ge=0, le=16)
    public_key: Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{64})?$")] = ""


class BenignSettings(_Section):
    """The bank of known-good images."""

    shipped: bool = True


class ContainerSettings(_Section):
    """Which files are opened to look for images, and what all that is inside one may cost."""

    enabled: tuple[ContainerName, ...] = get_args(ContainerName)
    max_depth: int = Field(default=4, ge=0, le=16)
    max_files: int = Field(default=1000, ge=1)
    max_bytes: ByteSize = Field(default=ByteSize(1 << 30), ge=1024)


class SandboxSettings(_Section):
    """The processes in which files are opened and decoded; `memory` comes on top of what a warm one uses."""

    workers: int = Field(default=2, ge=1, le=64)
    memory: ByteSize = Field(default=ByteSize(1 << 30), ge=64 << 20)
    cpu_seconds: float = Field(default=20.0, gt=0, le=600, allow_inf_nan=False)
    wall_seconds: float = Field(default=30.0, gt=0, le=600, allow_inf_nan=False)
    queue_seconds: float = Field(default=5.0, gt=0, le=600, allow_inf_nan=False)
    request_seconds: float = Field(default=60.0, gt=0, le=3600, allow_inf_nan=False)


class CacheSettings(_Section):
    """What was found in the files just checked, kept in each process."""

    entries: int = Field(default=5000, ge=0)
    max_bytes: ByteSize = Field(default=ByteSize(32 << 20), ge=0)
    seconds: float = Field(default=300.0, gt=0, le=3600, allow_inf_nan=False)


class FailureSettings(_Section):
    """What happens when an upload could not be read or could not be checked."""

    unscannable: UnreadMode = "quarantine"
    unreadable: UnreadMode = "monitor"
    unreachable: FailureMode = "closed"
    timeout: FailureMode = "closed"
    error: FailureMode = "closed"
    retry_after: int = Field(default=30, ge=1, le=86400)


class RouteFailureSettings(_Section):
    """What differs from `[failure]` on one route."""

    unscannable: UnreadMode | None = None
    unreadable: UnreadMode | None = None
    unreachable: FailureMode | None = None
    timeout: FailureMode | None = None
    error: FailureMode | None = None


class RouteSettings(_Section):
    """What differs on paths like `path`."""

    path: Annotated[str, StringConstraints(pattern=r"^[/*]")]
    inspect: bool = True
    forward: Literal["canonical", "original"] = "canonical"
    forms: Literal["strict", "lenient"] = "strict"
    pieces: Literal["refuse", "pass", "assemble"] = "refuse"
    max_body: ByteSize | None = Field(default=None, gt=0)
    failure: RouteFailureSettings = RouteFailureSettings()

    @field_validator("forms")
    @classmethod
    def _is_rebuilt(cls, forms: str, info: ValidationInfo) -> str:
        # What lenient reading takes is safe only because the application gets it as it was read here.
        if forms == "lenient" and info.data.get("forward") == "original":
            raise ValueError('"strict", since with forward = "original" the form goes on as it came')
        return forms


class LogSettings(_Section):
    """What the sidecar and the commands write to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(_Section):
    """Every option. config.example.toml says each one's default and why it is there."""

    data_dir: Path = Path("upload_guard_data")
    site: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "default"
    intake: IntakeSettings = IntakeSettings()
    service: ServiceSettings = ServiceSettings()
    sidecar: SidecarSettings = SidecarSettings()
    clamd: ClamdSettings = ClamdSettings()
    icap: IcapSettings = IcapSettings()
    imaging: ImagingSettings = ImagingSettings()
    containers: ContainerSettings = ContainerSettings()
    sandbox: SandboxSettings = SandboxSettings()
    cache: CacheSettings = CacheSettings()
    trust: TrustSettings = TrustSettings()
    benign: BenignSettings = BenignSettings()
    lists: dict[ListName, ListSettings] = Field(default_factory=dict)
    failure: FailureSettings = FailureSettings()
    routes: tuple[RouteSettings, ...] = ()
    log: LogSettings = LogSettings()

    @field_validator("data_dir", mode="before")
    @classmethod
    def _names_a_folder(cls, value: Any) -> Any:
        if value == "":
            raise ValueError("the path of a folder")
        return value

    @property
    def spool_dir(self) -> Path:
        return self.intake.spool_dir or self.data_dir / "spool"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.data_dir / 'upload_guard.sqlite3'}"

    @property
    def assembly_dir(self) -> Path:
        return self.data_dir / "assembly"

    @property
    def vault_dir(self) -> Path:
        return self.data_dir / "vault"

    @property
    def lists_dir(self) -> Path:
        return self.data_dir / "lists"

    @property
    def snapshots_dir(self) -> Path:
        return self.data_dir / "snapshots"

    def resolved_against(self, folder: Path) -> Self:
        """The same settings with relative paths counted from `folder`."""
        spool = self.intake.spool_dir
        intake = self.intake.model_copy(update={"spool_dir": spool and (folder / spool)})
        socket = self.clamd.socket
        clamd = self.clamd.model_copy(update={"socket": socket and (folder / socket)})
        changed = {"data_dir": folder / self.data_dir, "intake": intake, "clamd": clamd}
        return self.model_copy(update=changed)
