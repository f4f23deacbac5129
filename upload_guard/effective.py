"""The value in force of each option and where it comes from, as a person reads it. No secret is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ByteSize, SecretStr

from upload_guard.loading import Sources
from upload_guard.settings import Settings

_UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


@dataclass(frozen=True, slots=True)
class Effective:
    """`value` in TOML's notation; `origin` is "file", "default", "argument" or the name of a variable."""

    option: str
    value: str
    origin: str


def effective_options(settings: Settings, sources: Sources) -> Iterator[Effective]:
    """Every option in the order of the settings; of routes and lists those that are there."""
    return _table(settings, [], sources)


def _table(table: BaseModel, path: list[str], sources: Sources) -> Iterator[Effective]:
    for name in type(table).model_fields:
        yield from _option(getattr(table, name), [*path, name], sources)


def _option(value: Any, path: list[str], sources: Sources) -> Iterator[Effective]:
    if isinstance(value, BaseModel):
        yield from _table(value, path, sources)
    elif _is_tables(value):
        for name, table in value.items():
            yield from _table(table, [*path, name], sources)
    else:
        yield Effective(".".join(path), _shown(path[-1], value), sources.origin(path))


def _is_tables(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(one, BaseModel) for one in value.values())


def _shown(name: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        return "(set, not shown)" if value.get_secret_value() else '""'
    if isinstance(value, tuple) and any(isinstance(one, SecretStr) for one in value):
        return f"({len(value)} set, not shown)"
    if name == "command" and value:
        # Its arguments may open something.
        return json.dumps([value[0], "..."] if len(value) > 1 else list(value))
    if name in {"url", "vault"}:
        return json.dumps(_without_secrets(value))
    return _toml(value)


def _without_secrets(url: str) -> str:
    """Without what may open something: a user before the host, a query behind the path."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"...@{host}" if "@" in parts.netloc else host
    return parts._replace(netloc=netloc, query="..." if parts.query else "").geturl()


def _toml(value: Any) -> str:
    if value is None:
        return '""'
    if isinstance(value, ByteSize):
        return _size(value)
    if isinstance(value, Path | str):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, BaseModel):
        given = {
            name: getattr(value, name) for name in type(value).model_fields if name in value.model_fields_set
        }
        return _toml(given)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # A network, say: it stands in quotes as whoever wrote it had it.
    return json.dumps(value if isinstance(value, bool | int | float) else str(value))


def _size(size: int) -> str:
    for unit, bytes_ in _UNITS:
        if size >= bytes_ and size % bytes_ == 0:
            return json.dumps(f"{size // bytes_} {unit}")
    return str(int(size))
