"""One tree of errors. Each carries what a door needs to answer: status, code, sentence, retry.

`str(error)` is the sentence for the administrator and may name files and causes; `public` is the only
sentence that an uploader may see. A refused upload is a verdict and never appears here.
"""

from __future__ import annotations

from upload_guard.errors.callers import (
    BodyAltered as BodyAltered,
)
from upload_guard.errors.callers import (
    ClockSkew as ClockSkew,
)
from upload_guard.errors.callers import (
    LockedOut as LockedOut,
)
from upload_guard.errors.callers import (
    NotAllowed as NotAllowed,
)
from upload_guard.errors.callers import (
    NotAuthenticated as NotAuthenticated,
)
from upload_guard.errors.callers import (
    OutOfReach as OutOfReach,
)
from upload_guard.errors.callers import (
    QuotaSpent as QuotaSpent,
)
from upload_guard.errors.callers import (
    RateLimited as RateLimited,
)
from upload_guard.errors.callers import (
    Replayed as Replayed,
)
from upload_guard.errors.callers import (
    WrongSite as WrongSite,
)
from upload_guard.errors.customers import (
    InvalidHash as InvalidHash,
)
from upload_guard.errors.customers import (
    NotACustomer as NotACustomer,
)
from upload_guard.errors.customers import (
    NotOffered as NotOffered,
)
from upload_guard.errors.customers import (
    Unhashable as Unhashable,
)
from upload_guard.errors.files import (
    Unreadable as Unreadable,
)
from upload_guard.errors.files import (
    Unscannable as Unscannable,
)
from upload_guard.errors.holdings import (
    ChangedInPlace as ChangedInPlace,
)
from upload_guard.errors.holdings import (
    GoneFromPlace as GoneFromPlace,
)
from upload_guard.errors.holdings import (
    HoldingsUnreachable as HoldingsUnreachable,
)
from upload_guard.errors.holdings import (
    TooLargeInPlace as TooLargeInPlace,
)
from upload_guard.errors.persons import (
    LogInBusy as LogInBusy,
)
from upload_guard.errors.persons import (
    LogInFailed as LogInFailed,
)
from upload_guard.errors.persons import (
    LogInLocked as LogInLocked,
)
from upload_guard.errors.reports import (
    NotReportable as NotReportable,
)
from upload_guard.errors.reports import (
    NotWithdrawable as NotWithdrawable,
)
from upload_guard.errors.requests import (
    AmbiguousRequest as AmbiguousRequest,
)
from upload_guard.errors.requests import (
    BadElement as BadElement,
)
from upload_guard.errors.requests import (
    BodyTooLarge as BodyTooLarge,
)
from upload_guard.errors.requests import (
    BodyTooSlow as BodyTooSlow,
)
from upload_guard.errors.requests import (
    BrokenProtocol as BrokenProtocol,
)
from upload_guard.errors.requests import (
    BytesGone as BytesGone,
)
from upload_guard.errors.requests import (
    ClientGone as ClientGone,
)
from upload_guard.errors.requests import (
    EpochOver as EpochOver,
)
from upload_guard.errors.requests import (
    HandedOver as HandedOver,
)
from upload_guard.errors.requests import (
    HandoverBusy as HandoverBusy,
)
from upload_guard.errors.requests import (
    LengthRequired as LengthRequired,
)
from upload_guard.errors.requests import (
    NoSuchCase as NoSuchCase,
)
from upload_guard.errors.requests import (
    NoSuchCheck as NoSuchCheck,
)
from upload_guard.errors.requests import (
    NoSuchList as NoSuchList,
)
from upload_guard.errors.requests import (
    NoSuchNotice as NoSuchNotice,
)
from upload_guard.errors.requests import (
    NoSuchStatement as NoSuchStatement,
)
from upload_guard.errors.requests import (
    NotReleased as NotReleased,
)
from upload_guard.errors.requests import (
    PieceOutOfOrder as PieceOutOfOrder,
)
from upload_guard.errors.requests import (
    PiecewiseUpload as PiecewiseUpload,
)
from upload_guard.errors.requests import (
    RequestError as RequestError,
)
from upload_guard.errors.requests import (
    UnsupportedEncoding as UnsupportedEncoding,
)
from upload_guard.errors.requests import (
    WrongPartCount as WrongPartCount,
)
from upload_guard.errors.root import (
    UploadGuardError as UploadGuardError,
)
from upload_guard.errors.unavailable import (
    AuditBroken as AuditBroken,
)
from upload_guard.errors.unavailable import (
    Busy as Busy,
)
from upload_guard.errors.unavailable import (
    CheckFailed as CheckFailed,
)
from upload_guard.errors.unavailable import (
    CheckLost as CheckLost,
)
from upload_guard.errors.unavailable import (
    ListsMissing as ListsMissing,
)
from upload_guard.errors.unavailable import (
    NotCovered as NotCovered,
)
from upload_guard.errors.unavailable import (
    NotReady as NotReady,
)
from upload_guard.errors.unavailable import (
    SealBroken as SealBroken,
)
from upload_guard.errors.unavailable import (
    ServiceRefused as ServiceRefused,
)
from upload_guard.errors.unavailable import (
    ServiceTimeout as ServiceTimeout,
)
from upload_guard.errors.unavailable import (
    ServiceUnreachable as ServiceUnreachable,
)
from upload_guard.errors.unavailable import (
    SnapshotDamaged as SnapshotDamaged,
)
from upload_guard.errors.unavailable import (
    StagingDamaged as StagingDamaged,
)
from upload_guard.errors.unavailable import (
    StorageFailed as StorageFailed,
)
from upload_guard.errors.unavailable import (
    TooManyChecks as TooManyChecks,
)
from upload_guard.errors.unavailable import (
    Unavailable as Unavailable,
)
from upload_guard.errors.unavailable import (
    UpstreamSilent as UpstreamSilent,
)
from upload_guard.errors.unavailable import (
    VaultDamaged as VaultDamaged,
)
from upload_guard.errors.upstream import (
    CheckpointLost as CheckpointLost,
)
from upload_guard.errors.upstream import (
    SyncBusy as SyncBusy,
)
from upload_guard.errors.upstream import (
    TransportError as TransportError,
)
from upload_guard.errors.upstream import (
    UpstreamError as UpstreamError,
)
from upload_guard.errors.upstream import (
    UpstreamGarbled as UpstreamGarbled,
)
from upload_guard.errors.upstream import (
    UpstreamMissing as UpstreamMissing,
)
from upload_guard.errors.upstream import (
    UpstreamRefused as UpstreamRefused,
)
from upload_guard.errors.upstream import (
    UpstreamTimeout as UpstreamTimeout,
)
from upload_guard.errors.upstream import (
    UpstreamUnreachable as UpstreamUnreachable,
)
from upload_guard.errors.usage import (
    ConfigError as ConfigError,
)
from upload_guard.errors.usage import (
    ListError as ListError,
)
from upload_guard.errors.usage import (
    ListHeld as ListHeld,
)
from upload_guard.errors.usage import (
    MasterKeyError as MasterKeyError,
)
from upload_guard.errors.usage import (
    NumberChanged as NumberChanged,
)
from upload_guard.errors.usage import (
    UsageError as UsageError,
)
