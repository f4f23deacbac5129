"""Asks a sidecar over HTTP. Imports neither numpy, Pillow nor SQLAlchemy: they stay in the sidecar.

Whatever is not the sidecar's verdict, to the letter, is `Unavailable`: an HTML page with status 200 or
half an answer must never read as clean.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar

import requests
from pydantic import BaseModel, StringConstraints, ValidationError
from requests import PreparedRequest

from upload_guard.checkers.line import Answer, Line
from upload_guard.checkers.wire import (
    CHECK_PATH,
    SIGNALS_PATH,
    CheckAnswer,
    PlaceAnswer,
    PlaceQuestion,
    SignalsAnswer,
    SignalsQuestion,
    place_path,
)
from upload_guard.errors import (
    BodyTooLarge,
    Busy,
    CheckFailed,
    NotReady,
    ServiceRefused,
    ServiceTimeout,
    ServiceUnreachable,
    SnapshotDamaged,
    StorageFailed,
    Unavailable,
)
from upload_guard.records import Outcome, Source, Upload
from upload_guard.signing import Credentials
from upload_guard.upstreams.signing import Signing
from upload_guard.upstreams.streamed import Streamed, opened

# Percent-encoded at most twelve times as long, which still fits a request line.
_LONGEST_ROUTE = 200
# Faults of the sidecar itself keep their meaning here: "open" for an unreachable sidecar must not let pass
# what a sidecar found but could not keep.
_FAULTS: dict[str, type[Unavailable]] = {
    kind.code: kind for kind in (StorageFailed, NotReady, SnapshotDamaged, CheckFailed, Busy)
}
_Said = TypeVar("_Said", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class RemoteChecker:
    """One sidecar on `line`. `dry_run` asks for a verdict without keeping anything.

    `digests_first`: before the file its digest is sent, which may be enough. That costs a second question
    wherever it is not, as with perceptual lists for every new picture.
    """

    line: Line
    credentials: Credentials | None = None
    dry_run: bool = False
    digests_first: bool = False

    def check(self, upload: Upload, deadline: float) -> Outcome:
        """The sidecar's outcome. Raises `ServiceUnreachable`, `ServiceTimeout`, `BodyTooLarge`, and
        `StorageFailed` where the upload cannot be read.
        """
        known = self._known(upload, deadline) if self.digests_first else None
        # Refused bytes are kept, and only the file has them.
        if known is not None and not known.verdict.action.refuses:
            return known
        return self.line.ask(partial(self._file, upload), self._patience(deadline), self._outcome)

    def check_digests(self, question: SignalsQuestion, deadline: float) -> Outcome | None:
        """The outcome by digests alone, without a case; None where only the file could tell."""
        return self.line.ask(
            partial(self._digests, question), self._patience(deadline), self._outcome_or_none
        )

    def tell_place(self, upload_id: str, place: str) -> bool:
        """Tell where an upload went that passed; whether the sidecar remembers it. Raises `Unavailable`."""

        def kept(answer: Answer) -> bool:
            return self._said(answer, PlaceAnswer).kept

        body = PlaceQuestion(place=place).model_dump_json().encode()
        asked = partial(self._posted, place_path(upload_id), body)
        return self.line.ask(asked, self.line.sidecar.timeout, kept)

    def _known(self, upload: Upload, deadline: float) -> Outcome | None:
        digest = upload.digest
        try:
            return self.check_digests(SignalsQuestion(sha256=digest.sha256.hex(), size=digest.size), deadline)
        except ServiceRefused:
            # A sidecar of an earlier release does not know the question; the file it takes.
            return None

    def _patience(self, deadline: float) -> float:
        """Seconds to wait for this answer: what the request has left, if that is less than for one file."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise ServiceTimeout("the files of this request took too long together")
        return min(self.line.sidecar.timeout, left)

    @contextmanager
    def _file(self, upload: Upload) -> Iterator[PreparedRequest]:
        with opened(Streamed(upload.content)) as body:
            yield requests.Request(
                "POST",
                self._url + CHECK_PATH,
                params={
                    "site": upload.source.site,
                    "route": upload.source.route[:_LONGEST_ROUTE],
                    "uploader": _hashed(upload.source),
                    "upload_id": upload.upload_id,
                    "dry_run": str(int(self.dry_run)),
                    "guessed": str(int(upload.guessed)),
                },
                data=body,
                headers={"Content-Type": "application/octet-stream", "Accept": "application/json"},
                auth=self._signing(upload.digest.sha256.hex()),
            ).prepare()

    def _digests(self, question: SignalsQuestion) -> AbstractContextManager[PreparedRequest]:
        return self._posted(SIGNALS_PATH, question.model_dump_json(exclude_none=True).encode())

    @contextmanager
    def _posted(self, path: str, body: bytes) -> Iterator[PreparedRequest]:
        """JSON."""
        yield requests.Request(
            "POST",
            self._url + path,
            data=body,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            auth=self._signing(hashlib.sha256(body).hexdigest()),
        ).prepare()

    @property
    def _url(self) -> str:
        return self.line.sidecar.url

    def _signing(self, digest: str) -> Signing | None:
        return Signing(self.credentials, digest) if self.credentials else None

    def _outcome(self, answer: Answer) -> Outcome:
        return self._said(answer, CheckAnswer).outcome()

    def _outcome_or_none(self, answer: Answer) -> Outcome | None:
        verdict = self._said(answer, SignalsAnswer).verdict
        return verdict.outcome() if verdict else None

    def _said(self, answer: Answer, kind: type[_Said]) -> _Said:
        self._raise_for_status(answer)
        try:
            return kind.model_validate_json(answer.body)
        except ValidationError as error:
            raise ServiceUnreachable(f"{self._url} answered something that is no verdict") from error

    def _raise_for_status(self, answer: Answer) -> None:
        if answer.status == BodyTooLarge.status:
            raise BodyTooLarge(f"{self._url} takes no upload of this size")
        if answer.status != requests.codes.ok:
            code = _code(answer)
            said = f"{self._url} answered with status {answer.status} ({code or 'no reason given'})"
            raise _fault(answer.status, code)(said)


def _hashed(source: Source) -> str:
    """What leaves this machine of an uploader; the sidecar keys it before it writes anything down."""
    if not source.uploader:
        return ""
    return hashlib.sha256(f"{source.site}\0{source.uploader}".encode(errors="surrogatepass")).hexdigest()


def _code(answer: Answer) -> str:
    try:
        return _Fault.model_validate_json(answer.body).code
    except ValidationError:
        return ""


def _fault(status: int, code: str) -> type[Unavailable]:
    if code in _FAULTS:
        return _FAULTS[code]
    return ServiceUnreachable if status >= requests.codes.server_error else ServiceRefused


class _Fault(BaseModel):
    code: Annotated[str, StringConstraints(pattern=r"^[a-z_]{0,64}$")]
