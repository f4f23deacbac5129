"""Asks a sidecar over HTTP. Imports neither numpy, Pillow nor SQLAlchemy: they stay in the sidecar.

Whatever is not the sidecar's verdict, to the letter, is `Unavailable`: an HTML page with status 200 or
half an answer must never read as clean.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import requests
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from requests.auth import AuthBase

from upload_guard.errors import (
    BodyTooLarge,
    Busy,
    CheckFailed,
    NotReady,
    ServiceRefused,
    ServiceTimeout,
    ServiceUnreachable,
    StorageFailed,
    Unavailable,
)
from upload_guard.records import Action, Outcome, Result, Source, Upload, Verdict
from upload_guard.signing import Credentials, Request, sign

CHECK_PATH = "/v1/check"
# Percent-encoded at most twelve times as long, which still fits a request line.
_LONGEST_ROUTE = 200
# Faults of the sidecar itself keep their meaning here: "open" for an unreachable sidecar must not let pass
# what a sidecar found but could not keep.
_FAULTS: dict[str, type[Unavailable]] = {
    kind.code: kind for kind in (StorageFailed, NotReady, CheckFailed, Busy)
}


class CheckAnswer(BaseModel):
    """The body of a 200 from `POST /v1/check`. Names no list and no distance."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    result: Result
    action: Literal["allow", "monitor", "quarantine", "block"]
    reason: str = Field("", max_length=64)
    case: str = Field("", max_length=64)
    degraded: tuple[str, ...] = ()

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        verdict = outcome.verdict
        return cls.model_validate(
            {
                "result": verdict.result,
                "action": verdict.action.label,
                "reason": verdict.reason,
                "case": outcome.case,
                "degraded": verdict.degraded,
            }
        )

    @model_validator(mode="after")
    def _clean_passes(self) -> CheckAnswer:
        if self.result is Result.CLEAN and Action.from_label(self.action).refuses:
            raise ValueError("a clean upload is not refused")
        return self

    def outcome(self) -> Outcome:
        action = Action.from_label(self.action)
        return Outcome(Verdict(self.result, action, self.reason, (), self.degraded), self.case)


@dataclass(frozen=True, slots=True)
class RemoteChecker:
    """One sidecar at `url`. Times in seconds; `dry_run` asks for a verdict without keeping anything.

    `authority`: the certificates that the sidecar's must come from, where they are not the usual ones.
    """

    url: str
    connect_timeout: float
    timeout: float
    dry_run: bool = False
    credentials: Credentials | None = None
    authority: Path | None = None

    def check(self, upload: Upload, deadline: float) -> Outcome:
        """The sidecar's outcome. Raises `ServiceUnreachable`, `ServiceTimeout` or `BodyTooLarge`."""
        try:
            return self._read(self._post(upload, self._patience(deadline)))
        except requests.Timeout as error:
            raise ServiceTimeout(f"{self.url} did not answer in time") from error
        except requests.RequestException as error:
            raise ServiceUnreachable(f"{self.url}: {type(error).__name__}") from error

    def _patience(self, deadline: float) -> float:
        """Seconds to wait for this answer: what the request has left, if that is less than for one file."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise ServiceTimeout("the files of this request took too long together")
        return min(self.timeout, left)

    def _post(self, upload: Upload, timeout: float) -> requests.Response:
        # A connection of its own for each check: a kept one that the sidecar has just closed would turn
        # a good upload away. No proxy from the environment either: these bytes go to this address only.
        with requests.Session() as session, upload.content.open() as stream:
            session.trust_env = False
            session.verify = str(self.authority) if self.authority else True
            return session.post(
                self.url + CHECK_PATH,
                params={
                    "site": upload.source.site,
                    "route": upload.source.route[:_LONGEST_ROUTE],
                    "uploader": _hashed(upload.source),
                    "dry_run": str(int(self.dry_run)),
                    "guessed": str(int(upload.guessed)),
                },
                # requests sends an empty stream in chunks that never end; empty bytes have a length.
                data=stream if upload.digest.size else b"",
                headers={"Content-Type": "application/octet-stream", "Accept": "application/json"},
                auth=Signing(self.credentials, upload.digest.sha256.hex()) if self.credentials else None,
                timeout=(min(self.connect_timeout, timeout), timeout),
                allow_redirects=False,
            )

    def _read(self, response: requests.Response) -> Outcome:
        if response.status_code == BodyTooLarge.status:
            raise BodyTooLarge(f"{self.url} takes no upload of this size")
        if response.status_code != requests.codes.ok:
            code = _code(response)
            said = f"{self.url} answered with status {response.status_code} ({code or 'no reason given'})"
            raise _fault(response.status_code, code)(said)
        try:
            return CheckAnswer.model_validate_json(response.content).outcome()
        except ValidationError as error:
            raise ServiceUnreachable(f"{self.url} answered something that is no verdict") from error


def _hashed(source: Source) -> str:
    """What leaves this machine of an uploader; the sidecar keys it before it writes anything down."""
    if not source.uploader:
        return ""
    return hashlib.sha256(f"{source.site}\0{source.uploader}".encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Signing(AuthBase):
    """Signs a request whose body has this SHA-256 (hex) as it is sent."""

    credentials: Credentials
    digest: str

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        asked = Request(request.method or "", request.path_url)
        request.headers["Authorization"] = sign(self.credentials, asked, self.digest).header()
        return request


def _code(response: requests.Response) -> str:
    try:
        return _Fault.model_validate_json(response.content).code
    except ValidationError:
        return ""


def _fault(status: int, code: str) -> type[Unavailable]:
    if code in _FAULTS:
        return _FAULTS[code]
    return ServiceUnreachable if status >= requests.codes.server_error else ServiceRefused


class _Fault(BaseModel):
    code: Annotated[str, StringConstraints(pattern=r"^[a-z_]{0,64}$")]
