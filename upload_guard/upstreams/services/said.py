"""Reads what a service says in JSON, strictly: two readers must not be able to take an answer differently.

A name that stands twice in an object (RFC 8259, section 4, leaves its meaning open), NaN and Infinity, and a
depth that no parser takes are refused, as is whatever has not the very type that the service documents.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from upload_guard.errors import UpstreamGarbled
from upload_guard.upstreams.asking import Reply


class Said(BaseModel):
    """An object of an answer. Names that are not known are passed over: services grow."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


def _printable(word: str) -> str:
    if not word.isprintable():
        raise ValueError("holds characters that no name has")
    return word


Word = Annotated[str, StringConstraints(max_length=255), AfterValidator(_printable)]
"""A name that a service gives: of a bank, a category, a source. It comes to logs and pages."""

T = TypeVar("T", bound=BaseModel)


def read(reply: Reply, kind: type[T]) -> T:
    """The answer as `kind`. Raises `UpstreamGarbled`, with nothing of the answer in it."""
    try:
        data = json.loads(
            reply.body.decode("utf-8-sig"), object_pairs_hook=_each_once, parse_constant=_no_number
        )
        return kind.model_validate(data)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors()[0]["loc"][:3] if step in kind.model_fields)
        raise _none(reply, f" (at {where})" if where else "") from None
    except (ValueError, RecursionError):
        raise _none(reply) from None


def _none(reply: Reply, where: str = "") -> UpstreamGarbled:
    return UpstreamGarbled(f"{reply.where} answered with something that is no answer of its kind{where}")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
