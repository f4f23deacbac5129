"""The first configuration file of an installation: config.example.toml with a few answers filled in."""

from __future__ import annotations

import json
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from upload_guard.errors import ConfigError, UsageError
from upload_guard.loading import refuse_wrong

_EXAMPLE = "config.example.toml"
_TABLE = re.compile(r"\[([a-z_.]+)\]\s*")
_OPTION = re.compile(r"([a-z_]+) = ")

Value = str | int | bool
Place = tuple[str, str]
"""The table of an option, empty at the top, and its name."""


class Deployment(StrEnum):
    """Where checks are made: in the site's own process, in this sidecar, or by a sidecar that is asked."""

    EMBEDDED = "embedded"
    SIDECAR = "sidecar"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a sidecar listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Of HOST:PORT, with an IPv6 address in brackets. Raises `UsageError`."""
        host, colon, port = text.rpartition(":")
        if not colon or not (port.isascii() and port.isdigit()) or (":" in host) != host.startswith("["):
            raise UsageError(f"{text!r} is no address to listen on, such as 127.0.0.1:8467 or [::1]:8467")
        return cls(host.strip("[]"), int(port))


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person was asked. `listen` counts for a sidecar, `service_url` for who asks one."""

    deployment: Deployment = Deployment.EMBEDDED
    data_dir: str = "upload_guard_data"
    site: str = "default"
    on_failure: str = "closed"
    shipped_bank: bool = True
    listen: Address = Address("127.0.0.1", 8467)
    service_url: str = "http://127.0.0.1:8467"

    def options(self) -> dict[Place, Value]:
        """The options that they set."""
        options: dict[Place, Value] = {("", "data_dir"): self.data_dir, ("", "site"): self.site}
        options |= {("failure", cause): self.on_failure for cause in ("unreachable", "timeout", "error")}
        options["benign", "shipped"] = self.shipped_bank
        if self.deployment is Deployment.SIDECAR:
            options |= {("sidecar", "host"): self.listen.host, ("sidecar", "port"): self.listen.port}
        if self.deployment is Deployment.CLIENT:
            options["service", "url"] = self.service_url
        return options

    def refuse_wrong(self) -> None:
        """Raises `ConfigError` where one of them is nothing that settings take."""
        tables: dict[str, dict[str, Value]] = {}
        for (table, name), value in self.options().items():
            tables.setdefault(table, {})[name] = value
        refuse_wrong(tables.pop("") | tables)


def configuration(answers: Answers) -> str:
    """The text of the file. Raises `ConfigError` for an answer that settings do not take."""
    answers.refuse_wrong()
    text = _filled(_example(), answers.options())
    refuse_wrong(tomllib.loads(text))
    return text


def write_configuration(file: Path, text: str, *, replace: bool) -> None:
    """Write it for its owner alone (mode 0600), whole or not at all.

    Raises `UsageError` where it cannot be written, and unless `replace` where there is such a file.
    """
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            draft.replace(file)
        else:
            # A link never replaces, whoever was first.
            os.link(draft, file)
    except FileExistsError:
        raise UsageError(f"{file} is there already; --force replaces it") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _filled(text: str, options: Mapping[Place, Value]) -> str:
    """`text` with the lines of these options replaced; every comment stays."""
    table, left, lines = "", dict(options), []
    for line in text.splitlines():
        if begins := _TABLE.fullmatch(line):
            table = begins[1]
        given = _OPTION.match(line)
        place = (table, given[1]) if given else None
        lines.append(f"{place[1]} = {_toml(left.pop(place))}" if place in left else line)
    if left:
        raise ConfigError(f"{_EXAMPLE} of this installation lacks {', '.join(name for _, name in left)}")
    return "\n".join(lines) + "\n"


def _toml(value: Value) -> str:
    # JSON's notation of plain values is TOML's too.
    return json.dumps(value, ensure_ascii=False)


def _example() -> str:
    """In a wheel it lies beside this module, in a clone at its root."""
    here = Path(__file__).parent
    for folder in (here, here.parent):
        with suppress(OSError):
            return (folder / _EXAMPLE).read_text(encoding="utf-8")
    raise UsageError(f"{_EXAMPLE} is missing from this installation")
