"""What goes over the wire between a check service and a customer that asks in our own words.

Light, as `wire` is: neither numpy, Pillow nor SQLAlchemy.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from upload_guard.records import SignalType

SERVICE_PATH = "/v1/check/batch"
SERVICE_LIMIT = 1000

_Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
# Longer than any hash: what is wrong with one is told for that item alone.
_Hash = Annotated[str, StringConstraints(max_length=128)]


class ServiceItem(BaseModel):
    """Hashes of one file, in hex, as many as there are; `id` is whatever the customer calls it.

    Items of one `upload`, by any word of the customer's, are answered one by one and have one `hit` together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    md5: _Hash | None = None
    sha1: _Hash | None = None
    sha256: _Hash | None = None
    pdq: _Hash | None = None
    upload: Annotated[str, StringConstraints(max_length=64)] = ""

    def hashes(self) -> dict[SignalType, str]:
        given = {
            SignalType.MD5: self.md5,
            SignalType.SHA1: self.sha1,
            SignalType.SHA256: self.sha256,
            SignalType.PDQ: self.pdq,
        }
        return {kind: digits for kind, digits in given.items() if digits is not None}


class ServiceQuestion(BaseModel):
    """`categories` and `lists` count for this question alone; all that count for the customer where empty.

    Lists that the customer's own table does not name take the scope `details`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: tuple[ServiceItem, ...] = Field(min_length=1, max_length=SERVICE_LIMIT)
    categories: tuple[_Word, ...] = Field((), max_length=64)
    lists: tuple[_Word, ...] = Field((), max_length=64)

    @model_validator(mode="after")
    def _tells_items_apart(self) -> ServiceQuestion:
        if len({item.id for item in self.items}) != len(self.items):
            raise ValueError("every item needs an id of its own")
        return self


class ItemFault(BaseModel):
    """Why nothing is known of an item: `invalid_hash`; `not_covered` where no list has such hashes;
    `lists_missing` where those that should answer are not in force.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    message: str


class ItemAnswer(BaseModel):
    """Either a `result`, or a `fault`: then nothing is known of the item, and that is not clean.

    `clean` says that none of the hashes of the types in `compared` stands on a list, or near an entry of one,
    that counts; it says nothing of the file. `disputed`: listed, and thought to be wrong here. `hit` names
    what is listed, for `POST /v1/outcomes`.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    result: Literal["clean", "match", "near", "disputed"] | None = None
    action: Literal["allow", "monitor", "quarantine", "block"] | None = None
    category: str = ""
    reason: str = ""
    compared: tuple[SignalType, ...] = ()
    hit: str = ""
    fault: ItemFault | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> ItemAnswer:
        if (self.result is None) != (self.fault is not None) or (self.result is None) != (
            self.action is None
        ):
            raise ValueError("a result with its action, or a fault")
        if (self.action in {"quarantine", "block"}) != (self.result in {"match", "near"}):
            raise ValueError("what is listed is held or blocked, and nothing else")
        return self


class ServiceAnswer(BaseModel):
    """An answer for each item, in the order of the question."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    answers: tuple[ItemAnswer, ...]
