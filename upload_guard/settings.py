"""Every option with its type, range and default, as plain data: `Settings(...)` reads nothing.

`loading.load_settings` fills it from file, environment and arguments.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import ByteSize, Field, StringConstraints, ValidationInfo, field_validator

from upload_guard.customer_settings import CustomerSettings, lacking
from upload_guard.door_settings import ClamdSettings, IcapSettings
from upload_guard.failure_settings import FailureSettings, LateSettings, RouteFailureSettings
from upload_guard.follow_up_settings import FollowUpSettings
from upload_guard.list_settings import (
    BenignSettings,
    BreakerSettings,
    ListName,
    ListSettings,
    SignalName,
    TrustSettings,
)
from upload_guard.mail_settings import MailboxSettings, MailSettings
from upload_guard.notice_settings import IncomingSettings
from upload_guard.outbox_settings import NoticeSettings, OutboxSettings, WebhookSettings
from upload_guard.private_settings import PrivateSettings
from upload_guard.quarantine_settings import QuarantineSettings
from upload_guard.records import SignalType
from upload_guard.report_settings import ReportSettings
from upload_guard.retro_settings import RetroSettings
from upload_guard.reveal_settings import RevealSettings
from upload_guard.review_settings import PublicSettings, ReviewSettings
from upload_guard.scan_settings import ScanSettings
from upload_guard.sections import Section
from upload_guard.service_settings import KeySettings, LimitSettings, ServiceSettings, SidecarSettings
from upload_guard.signal_settings import SignalSettings, signal_type_of
from upload_guard.statement_settings import StatementSettings
from upload_guard.upstream_settings import UpstreamSettings

SITE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"

SiteName = Annotated[str, StringConstraints(pattern=f"^{SITE_NAME}$")]

CarrierName = Literal["compressed", "urlencoded", "json", "xml", "text"]
ContainerName = Literal["zip", "pdf", "svg", "eml", "tar", "gzip", "bzip2", "xz", "text", "appended"]


class IntakeSettings(Section):
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


class ImagingSettings(Section):
    """What may be decoded, and from which quality on a perceptual hash means anything."""

    # Pillow itself refuses pictures of more than 178,956,970 pixels.
    max_pixels: int = Field(default=100_000_000, ge=4096, le=178_000_000)
    max_total_pixels: int = Field(default=1_000_000_000, ge=4096)
    max_frames: int = Field(default=256, ge=1)
    min_quality: int = Field(default=50, ge=0, le=100)
    decode_on_exact: bool = False


class DatabaseSettings(Section):
    """The rows: lists, keys, cases."""

    lock_wait: float = Field(default=30.0, ge=0, le=600, allow_inf_nan=False)


class AuditSettings(Section):
    """The log of what people do."""

    head_file: Path | None = None

    @field_validator("head_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value


class SignalLogSettings(Section):
    """What is kept of every upload for lists still to come; without `days`, nothing."""

    days: int = Field(default=0, ge=0, le=90)


class ContainerSettings(Section):
    """Which files are opened to look for images, and what all that is inside one may cost."""

    enabled: tuple[ContainerName, ...] = get_args(ContainerName)
    max_depth: int = Field(default=4, ge=0, le=16)
    max_files: int = Field(default=1000, ge=1)
    max_bytes: ByteSize = Field(default=ByteSize(1 << 30), ge=1024)


class SandboxSettings(Section):
    """The processes in which files are opened and decoded; `memory` comes on top of what a warm one uses."""

    workers: int = Field(default=2, ge=1, le=64)
    memory: ByteSize = Field(default=ByteSize(1 << 30), ge=64 << 20)
    cpu_seconds: float = Field(default=20.0, gt=0, le=600, allow_inf_nan=False)
    wall_seconds: float = Field(default=30.0, gt=0, le=600, allow_inf_nan=False)
    queue_seconds: float = Field(default=5.0, gt=0, le=600, allow_inf_nan=False)
    request_seconds: float = Field(default=60.0, gt=0, le=3600, allow_inf_nan=False)


class CacheSettings(Section):
    """What was found in the files just checked, kept in each process."""

    entries: int = Field(default=5000, ge=0)
    max_bytes: ByteSize = Field(default=ByteSize(32 << 20), ge=0)
    seconds: float = Field(default=300.0, gt=0, le=3600, allow_inf_nan=False)


class RouteSettings(Section):
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


class CanarySettings(Section):
    """The harmless picture by which the whole chain is tested."""

    enabled: bool = True


class LogSettings(Section):
    """What the sidecar and the commands write to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Settings(Section):
    """Every option. config.example.toml says each one's default and why it is there."""

    data_dir: Path = Path("upload_guard_data")
    site: SiteName = "default"
    intake: IntakeSettings = IntakeSettings()
    service: ServiceSettings = ServiceSettings()
    sidecar: SidecarSettings = SidecarSettings()
    keys: KeySettings = KeySettings()
    limits: LimitSettings = LimitSettings()
    clamd: ClamdSettings = ClamdSettings()
    icap: IcapSettings = IcapSettings()
    imaging: ImagingSettings = ImagingSettings()
    containers: ContainerSettings = ContainerSettings()
    sandbox: SandboxSettings = SandboxSettings()
    cache: CacheSettings = CacheSettings()
    trust: TrustSettings = TrustSettings()
    benign: BenignSettings = BenignSettings()
    breaker: BreakerSettings = BreakerSettings()
    quarantine: QuarantineSettings = QuarantineSettings()
    reveal: RevealSettings = RevealSettings()
    review: ReviewSettings = ReviewSettings()
    public: PublicSettings = PublicSettings()
    statements: StatementSettings = StatementSettings()
    signal_log: SignalLogSettings = SignalLogSettings()
    retro: RetroSettings = RetroSettings()
    database: DatabaseSettings = DatabaseSettings()
    audit: AuditSettings = AuditSettings()
    signals: dict[SignalName, SignalSettings] = Field(default_factory=dict)
    lists: dict[ListName, ListSettings] = Field(default_factory=dict)
    follow_up: FollowUpSettings = FollowUpSettings()
    customers: dict[SiteName, CustomerSettings] = Field(default_factory=dict)
    upstreams: dict[ListName, UpstreamSettings] = Field(default_factory=dict)
    outbox: OutboxSettings = OutboxSettings()
    webhooks: dict[SiteName, WebhookSettings] = Field(default_factory=dict)
    notices: NoticeSettings = NoticeSettings()
    mail: MailSettings = MailSettings()
    mailboxes: dict[SiteName, MailboxSettings] = Field(default_factory=dict)
    incoming: IncomingSettings = IncomingSettings()
    reports: ReportSettings = ReportSettings()
    failure: FailureSettings = FailureSettings()
    late: LateSettings = LateSettings()
    private: PrivateSettings = PrivateSettings()
    scan: ScanSettings = ScanSettings()
    routes: tuple[RouteSettings, ...] = ()
    canary: CanarySettings = CanarySettings()
    log: LogSettings = LogSettings()

    @field_validator("customers")
    @classmethod
    def _hear_what_they_were_promised(
        cls, customers: dict[str, CustomerSettings], info: ValidationInfo
    ) -> dict[str, CustomerSettings]:
        known = info.data
        if {"trust", "lists"} <= known.keys() and (
            fault := lacking(customers, known["trust"], known["lists"])
        ):
            raise ValueError(fault)
        return customers

    @field_validator("signals")
    @classmethod
    def _has_names_of_its_own(cls, signals: dict[str, SignalSettings]) -> dict[str, SignalSettings]:
        if taken := sorted(set(SignalType) & signals.keys()):
            raise ValueError(f"tables with names of their own: {', '.join(taken)} is built in")
        return signals

    @field_validator("lists")
    @classmethod
    def _limits_what_is_computed(
        cls, lists: dict[str, ListSettings], info: ValidationInfo
    ) -> dict[str, ListSettings]:
        signals: dict[str, SignalSettings] = info.data.get("signals", {})
        for name, one in lists.items():
            for signal, limit in one.signal_limits.items():
                most = signals[signal].bits // 4 if signal in signals else 0
                if not most:
                    raise ValueError(f"signal_limits of {name!r} for types that have a table [signals.NAME]")
                if limit > most:
                    raise ValueError(f"signal_limits of {name!r} of at most a quarter of the bits ({most})")
        return lists

    @field_validator("statements")
    @classmethod
    def _can_be_appealed_to(cls, statements: StatementSettings, info: ValidationInfo) -> StatementSettings:
        places = [info.data[name].url for name in ("public", "review") if name in info.data]
        if statements.enabled and statements.appeals and places == ["", ""]:
            raise ValueError("appeals = false, or public.url set: where strangers find the page for appeals")
        return statements

    @field_validator("data_dir", mode="before")
    @classmethod
    def _names_a_folder(cls, value: Any) -> Any:
        if value == "":
            raise ValueError("the path of a folder")
        return value

    @field_validator("upstreams")
    @classmethod
    def _has_a_name_of_its_own(
        cls, upstreams: dict[str, UpstreamSettings], info: ValidationInfo
    ) -> dict[str, UpstreamSettings]:
        if shared := sorted(upstreams.keys() & info.data.get("lists", {}).keys()):
            raise ValueError(f"tables of other names than those of lists: [lists.{shared[0]}] is there, too")
        return upstreams

    @property
    def signal_types(self) -> dict[str, SignalType]:
        """The types that plug-ins compute, by their names here."""
        return {name: signal_type_of(name, own) for name, own in self.signals.items()}

    @property
    def public_url(self) -> str:
        """Where strangers find this service; empty where nobody has said."""
        return self.public.url or self.review.url

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
    def late_dir(self) -> Path:
        return self.data_dir / "late"

    @property
    def audit_head_file(self) -> Path:
        return self.audit.head_file or self.data_dir / "audit.heads"

    @property
    def lists_dir(self) -> Path:
        return self.data_dir / "lists"

    @property
    def metrics_dir(self) -> Path:
        # Two sidecars over one data folder count apart.
        return self.data_dir / "metrics" / str(self.sidecar.port)

    @property
    def snapshots_dir(self) -> Path:
        return self.data_dir / "snapshots"

    @property
    def private_dir(self) -> Path:
        return self.data_dir / "private"

    @property
    def scan_dir(self) -> Path:
        return self.data_dir / "scan"

    @property
    def rehearsal_dir(self) -> Path:
        return self.data_dir / "rehearsal"

    @property
    def passes_unchecked(self) -> bool:
        """Whether some upload may pass although it could not be checked, so that it has to be later."""
        return (
            self.failure.opens
            or any(route.failure.opens for route in self.routes)
            or any(upstream.failure != "closed" for upstream in self.upstreams.values())
        )

    def resolved_against(self, folder: Path) -> Self:
        """The same settings with relative paths counted from `folder`."""

        def absolute(path: Path | None) -> Path | None:
            return path and folder / path

        own, service = self.sidecar, self.service
        certificate = {
            "certificate": absolute(own.certificate),
            "certificate_key": absolute(own.certificate_key),
        }
        return self.model_copy(
            update={
                "data_dir": folder / self.data_dir,
                "intake": self.intake.model_copy(update={"spool_dir": absolute(self.intake.spool_dir)}),
                "sidecar": own.model_copy(update=certificate),
                "audit": self.audit.model_copy(update={"head_file": absolute(self.audit.head_file)}),
                "service": service.model_copy(update={"authority": absolute(service.authority)}),
                "clamd": self.clamd.model_copy(update={"socket": absolute(self.clamd.socket)}),
                "lists": {name: one.resolved_against(folder) for name, one in self.lists.items()},
                "upstreams": {name: one.resolved_against(folder) for name, one in self.upstreams.items()},
                "webhooks": {name: one.resolved_against(folder) for name, one in self.webhooks.items()},
                "mail": self.mail.resolved_against(folder),
                "mailboxes": {name: one.resolved_against(folder) for name, one in self.mailboxes.items()},
                "reports": self.reports.resolved_against(folder),
            }
        )
