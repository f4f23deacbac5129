"""The frozen records that one stage hands to the next.

request bytes -> Upload -> View -> Signal -> Match -> Verdict -> Outcome
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, BinaryIO, Protocol

from upload_guard.spans import Span

if TYPE_CHECKING:
    from PIL.Image import Image


class Result(StrEnum):
    """What is known of an upload. `clean`, `unscannable` and `unchecked` are three different things."""

    CLEAN = "clean"
    MATCH = "match"
    NEAR = "near"
    DISPUTED = "disputed"
    UNSCANNABLE = "unscannable"
    UNCHECKED = "unchecked"


class Action(IntEnum):
    """What is done with an upload, weakest first, so that `max` picks the strongest."""

    ALLOW = 0
    MONITOR = 1
    QUARANTINE = 2
    BLOCK = 3

    @property
    def refuses(self) -> bool:
        """Whether the application is not called and the bytes are kept."""
        return self >= Action.QUARANTINE

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> Action:
        """The action of that name; `ValueError` for any other word."""
        try:
            return cls[label.upper()]
        except KeyError:
            raise ValueError(f"no action is called {label!r}") from None


class SignalType(StrEnum):
    """The kinds of hash that are computed and listed, by the names the field uses.

    Besides those here, each plug-in has one: its name and its bits, as in "neuralhash-96". The name says all
    that storing and searching need, so that lists and cases stay readable where no plug-in computes it.
    """

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    PDQ = "pdq"
    PHASH = "phash"
    DHASH = "dhash"

    @classmethod
    def _missing_(cls, value: object) -> SignalType | None:
        """A plug-in's type, the same object for the same name; None, so `ValueError`, for any other word."""
        found = _OF_A_PLUG_IN.fullmatch(value) if isinstance(value, str) else None
        if found is None or found["name"] in cls._value2member_map_ or int(found["bits"]) % WORD_BITS:
            return None
        made = str.__new__(cls, found[0])
        made._name_ = made._value_ = found[0]
        one: SignalType = cls._value2member_map_.setdefault(found[0], made)  # type: ignore[assignment]
        return one

    @classmethod
    def __get_pydantic_json_schema__(cls, _core: object, _handler: object) -> dict[str, str]:
        """For the API's description: the members alone would not be all there are."""
        return {"type": "string", "title": "SignalType", "description": _DESCRIBED}

    @property
    def size(self) -> int:
        """Length of a hash in bytes."""
        return _SIZES[self] if self in _SIZES else int(self.rpartition("-")[2]) // 8

    @property
    def exact(self) -> bool:
        """Whether it names one string of bytes, and not a look."""
        return self in EXACT_TYPES

    @property
    def coarse(self) -> bool:
        """Whether it looks at so little that a likeness is noted and does nothing else."""
        return self in (SignalType.PHASH, SignalType.DHASH)

    @property
    def plugged(self) -> bool:
        """Whether a plug-in computes it."""
        return self not in _SIZES


EXACT_TYPES = frozenset({SignalType.MD5, SignalType.SHA1, SignalType.SHA256})
_SIZES = {
    SignalType.MD5: 16,
    SignalType.SHA1: 20,
    SignalType.SHA256: 32,
    SignalType.PDQ: 32,
    SignalType.PHASH: 8,
    SignalType.DHASH: 8,
}
_DESCRIBED = (
    'One of md5, sha1, sha256, pdq, phash, dhash, or that of a plug-in: name and bits, as "neuralhash-96".'
)
WORD_BITS = 32
"""Searching takes hashes word by word; a plug-in's have 64 bits or more."""
PLUG_IN_NAME = r"[a-z][a-z0-9]{3,11}"
# Names and bits together fit a column of 16 characters.
_OF_A_PLUG_IN = re.compile(rf"(?P<name>{PLUG_IN_NAME})-(?P<bits>6[4-9]|[7-9][0-9]|[1-4][0-9]{{2}}|512)")


def in_order(kinds: Iterable[SignalType]) -> tuple[SignalType, ...]:
    """Each of `kinds` once: those that are built in as they stand above, then those of plug-ins by name."""
    places = {kind: place for place, kind in enumerate(SignalType)}
    return tuple(sorted(set(kinds), key=lambda kind: (places.get(kind, len(places)), kind.value)))


@dataclass(frozen=True, slots=True)
class Digest:
    """What names a string of bytes: its SHA-256 (raw) and its size in bytes."""

    sha256: bytes
    size: int

    def signal(self) -> Signal:
        return Signal(SignalType.SHA256, self.sha256)


@dataclass(frozen=True, slots=True)
class Digests:
    """Exact digests (raw bytes) and the size, in bytes, of what they were taken over."""

    md5: bytes
    sha1: bytes
    sha256: bytes
    size: int

    def signals(self) -> tuple[Signal, ...]:
        return (
            Signal(SignalType.MD5, self.md5),
            Signal(SignalType.SHA1, self.sha1),
            Signal(SignalType.SHA256, self.sha256),
        )


class Content(Protocol):
    """Bytes that can be read again from the start, by several readers at once."""

    def open(self) -> BinaryIO: ...

    def lend(self) -> AbstractContextManager[Span]:
        """The same bytes as a stretch of a read-only descriptor, to be handed to another process."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """Where an upload came in: the site's name in the settings and the request path.

    `uploader` is whatever tells one from another, empty where the site does not say; kept nowhere as it is.
    """

    site: str = ""
    route: str = ""
    uploader: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as somebody sent it. `file_name` and `media_type` are claims of the sender.

    `guessed` is one that was found in a text by its first bytes: if nothing of it can be read, it is text.
    `upload_id` is the same in all attempts to have it checked, so that they end in one case.
    """

    content: Content
    digest: Digest
    file_name: str = ""
    media_type: str = ""
    source: Source = Source()
    guessed: bool = False
    upload_id: str = field(default_factory=lambda: secrets.token_hex(16), compare=False)


@dataclass(frozen=True, slots=True)
class View:
    """One picture that a viewer could show of a file, e.g. frame 3 of a GIF; 8-bit grey (`mode` L).

    `colours` are the same in RGB, where a plug-in looks at them.
    """

    name: str
    image: Image
    colours: Image | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A hash.

    `view` names the picture it was taken of, or the file inside an upload that was digested; it is empty for
    a digest of the upload itself. `variant` says how the view was changed first, e.g. "turned 90", or
    "squashed" for the second form of PDQ.
    `quality` is 0 to 100 and only PDQ has one.
    """

    type: SignalType
    value: bytes
    view: str = ""
    quality: int | None = None
    variant: str = ""


GLIMPSE_SIDE = 32
"""The most samples that a glimpse has each way."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The little that a person may be shown of a view: `samples` of 8-bit grey, row by row.

    At most `GLIMPSE_SIDE` each way, so that nothing finer can come of it, whatever is done to it later.
    """

    view: str
    width: int
    samples: bytes = field(repr=False)

    @property
    def height(self) -> int:
        return len(self.samples) // self.width


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the sandbox found in the bytes of one file: signals of its views and of the files inside it.

    Or, where it was asked for them, glimpses of those views instead.

    `unscannable` holds a reason if an image could not be read whole, `unreadable` if a file that is no image
    could not (an encrypted archive); signals of what could be read stand all the same.
    """

    signals: tuple[Signal, ...] = ()
    unscannable: str = ""
    unreadable: str = ""
    degraded: tuple[str, ...] = ()
    glimpses: tuple[Glimpse, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of one version of a hash list; `since` is when the list first had it in its category (UTC)."""

    list_name: str
    version: int
    origin: str
    category: str
    signal_type: SignalType
    value: bytes
    since: datetime
    number: int


class BankScope(StrEnum):
    """Who vouches for a known-good image; a `site` does so for its own uploads only.

    A `decision` on a case vouches for the very file that was held.
    """

    SHIPPED = "shipped"
    ADMINISTRATOR = "administrator"
    SITE = "site"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Benign:
    """The known-good image that speaks against a match: `name` is that of its file in the bank.

    `identical` says that the matched file is that very file, by SHA-256; otherwise it only looks like it,
    `distance` bits of PDQ away.
    """

    scope: BankScope
    name: str
    identical: bool
    distance: int = 0

    @property
    def words(self) -> str:
        if self.scope is BankScope.DECISION:
            return f"was found a false positive ({self.name})"
        likeness = "is" if self.identical else f"looks like ({self.distance} bits)"
        return f"{likeness} the known-good {self.name} ({self.scope})"


class Standing(StrEnum):
    """What is thought here of an entry, beside what its list says.

    `lowered` by the flood breaker it does at most quarantine; `disputed` by two persons it only monitors.
    """

    FIRM = "firm"
    LOWERED = "lowered"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Match:
    """A signal of an upload within reach of an entry. `limit` is the list's own distance limit in bits.

    `value` is the entry's own hash, `benign` what the bank knows of the very file or view that matched.
    Where a check service knows it, `list_name` is the service's, and `version` and `entry` are 0: it tells
    neither, and no age (`since` is None). `value` is then the hash it was asked about, or empty.
    """

    signal_type: SignalType
    view: str
    distance: int
    limit: int
    list_name: str
    version: int
    origin: str
    category: str
    entry: int
    since: datetime | None
    variant: str = ""
    benign: Benign | None = None
    value: bytes = field(default=b"", repr=False)
    standing: Standing = Standing.FIRM

    @property
    def exact(self) -> bool:
        return self.signal_type.exact

    @property
    def told(self) -> bool:
        """Whether a check service said it, and no list here."""
        return not self.version

    @property
    def excused(self) -> bool:
        """Whether its entry is disputed, or the bank excuses it: never an exact match by a mere likeness."""
        if self.standing is Standing.DISPUTED:
            return True
        return self.benign is not None and (self.benign.identical or not self.exact)

    @property
    def within_limit(self) -> bool:
        """False in the review band beyond the limit, where a likeness is only `near`."""
        return self.distance <= self.limit

    @property
    def telling(self) -> bool:
        """Whether it can refuse: an exact match, or a likeness within the limit that is not coarse."""
        return self.exact or (self.within_limit and not self.signal_type.coarse)

    @property
    def words(self) -> str:
        """The match as a person reads it; for administrators only, since it names list and distance."""
        entry = (
            f"{self.signal_type} known to the check service {self.list_name} ({self.category})"
            if self.told
            else f"{self.signal_type} on {self.list_name} v{self.version} ({self.category}),"
            f" entry {self.entry}"
        )
        seen = ", ".join(part for part in (self.view, self.variant) if part)
        away = "" if self.exact else f"{self.distance} of {self.limit} bits away"
        benign = self.benign.words if self.benign else ""
        standing = _STANDINGS[self.standing]
        where = ", ".join(part for part in (away, seen, benign, standing) if part)
        return f"{entry}: {where}" if where else entry


_STANDINGS = {
    Standing.FIRM: "",
    Standing.LOWERED: "lowered by the flood breaker",
    Standing.DISPUTED: "the entry is disputed here",
}


# Words of `Findings.degraded`: the signals are not all that the file has.
NOT_DECODED = "not decoded: an exact digest settles it"
NOT_READ = "not read whole, and no list says anything of it"
PARTIAL = frozenset({NOT_DECODED, NOT_READ})


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A check service that gave no answer, where its settings let nothing be called clean without it.

    `code` is that of the fault by which a policy decides, `why` a sentence for the administrator.
    """

    upstream: str
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a checker found in one upload, before any policy.

    `unscannable`, `unreadable` (see `Analysis`) and `unchecked` hold a reason, or nothing; `degraded` names
    what was skipped although the upload could be read. `excepted` names the case on which this very file was
    found a false positive. `under` names the lists, bank and opinions that it was compared with: where it is
    another one, the same file may be found otherwise. `canary`: it is the test picture, and nothing more was
    looked for. `unanswered` are check services without whose answer nothing passes as clean.
    """

    signals: tuple[Signal, ...] = ()
    matches: tuple[Match, ...] = ()
    unscannable: str = ""
    unreadable: str = ""
    unchecked: str = ""
    degraded: tuple[str, ...] = ()
    excepted: str = ""
    under: str = ""
    canary: bool = False
    unanswered: tuple[Unanswered, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The policy's answer. `matches` are those that counted, strongest first, then those that the benign bank
    excused; empty from a remote sidecar.
    """

    result: Result
    action: Action
    reason: str = ""
    matches: tuple[Match, ...] = ()
    degraded: tuple[str, ...] = ()


CANARY = "canary"
"""The reason of the verdict on the test picture, and what stands for a case number: nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict that has been acted upon. `case` is the random number of what was kept, if anything was."""

    verdict: Verdict
    case: str = ""


def strongest(outcomes: Iterable[Outcome]) -> Outcome | None:
    """The outcome that decides for a whole request, or None where there was nothing to check."""
    return max(outcomes, key=_weight, default=None)


def _weight(outcome: Outcome) -> tuple[bool, bool, Action, int]:
    verdict = outcome.verdict
    # Beside the canary, the case that was opened has to be named.
    names_a_case = outcome.case != CANARY
    return verdict.action.refuses, names_a_case, verdict.action, _GRAVITY.index(verdict.result)


# Among verdicts of one action, the graver news is the one to hand on.
_GRAVITY = (
    Result.CLEAN,
    Result.DISPUTED,
    Result.UNCHECKED,
    Result.UNSCANNABLE,
    Result.NEAR,
    Result.MATCH,
)
