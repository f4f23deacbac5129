"""One upload that passed unchecked, as it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from upload_guard.errors import SealBroken
from upload_guard.late.moments import Moment
from upload_guard.records import Content, Digest, Source, Upload

LATE_ROUTE = "late:"
"""Before the route of a case that a late check opened: its reader should know that the upload got through."""
RETRO_ROUTE = "retro:"
"""The same where a list learned of the file only after it had passed."""


@dataclass(frozen=True, slots=True)
class LateMatch:
    """What a site is told of an upload that it let pass, and that a late check would have refused.

    `case` is empty where only its digest was left to compare. `sha256` in hex; `when` it came in (UTC);
    `file_name` as the uploader gave it. `result` is "match", "near" or "unscannable".

    Where the route begins with "retro:", a list came to know the upload after it had passed: `sha256` is
    empty, for it was not kept; `upload_id` and the `places` that the site told say which file it is.
    """

    case: str
    site: str
    route: str
    file_name: str
    sha256: str
    when: datetime
    result: str
    upload_id: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LateEntry:
    """`cause` is the code of the fault. Digests in hex; md5 and sha1 only where there are no bytes.

    `result` and `case` are set once a check has refused it; then the site is still to be told, which was
    tried `attempts` times.
    """

    upload_id: str
    cause: str
    site: str
    route: str
    file_name: str
    media_type: str
    guessed: bool
    sha256: str
    size: int
    passed: Moment
    has_bytes: bool
    md5: str = ""
    sha1: str = ""
    result: str = ""
    case: str = ""
    attempts: int = 0

    def to_json(self) -> bytes:
        return _ENTRY.dump_json(self)

    @classmethod
    def from_json(cls, data: bytes) -> LateEntry:
        """Raises `SealBroken` for anything else."""
        try:
            return _ENTRY.validate_json(data)
        except ValidationError:
            raise SealBroken("what was sealed is no entry of the late queue") from None

    def upload(self, content: Content) -> Upload:
        """The upload again, under its own id, so that all attempts to check it end in one case."""
        return Upload(
            content=content,
            digest=Digest(bytes.fromhex(self.sha256), self.size),
            file_name=self.file_name,
            media_type=self.media_type,
            source=Source(self.site, LATE_ROUTE + self.route),
            guessed=self.guessed,
            upload_id=self.upload_id,
        )

    def match(self) -> LateMatch:
        return LateMatch(
            case=self.case,
            site=self.site,
            route=self.route,
            file_name=self.file_name,
            sha256=self.sha256,
            when=datetime.fromtimestamp(self.passed.wall, UTC),
            result=self.result,
        )


_ENTRY = TypeAdapter(LateEntry)
