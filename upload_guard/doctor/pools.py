"""php-fpm's pools, as their files set them up (php.net/manual/install.fpm.configuration)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from upload_guard.errors import UsageError

_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]")
_VALUE = re.compile(r"(?P<key>[\w.]+)(\[(?P<inner>[^\]]+)\])?\s*=\s*(?P<value>.*)")
_FIRM = ("php_admin_value", "php_admin_flag")
_WEAK = ("php_value", "php_flag")


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool. `firm` are PHP settings that scripts and .user.ini cannot change, `weak` the others."""

    name: str
    file: Path
    user: str = ""
    group: str = ""
    chroot: str = ""
    firm: dict[str, str] = field(default_factory=dict)
    weak: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def settings(self) -> dict[str, str]:
        return self.weak | self.firm


def pools_in(file: Path) -> list[Pool]:
    """The pools of one file. Raises `UsageError` where it cannot be read, or holds none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    pools = [_pool(name, file, values) for name, values in _sections(lines) if name != "global"]
    if not pools:
        raise UsageError(f"{file} holds no pool: name a file such as /etc/php/8.2/fpm/pool.d/www.conf")
    return pools


def _sections(lines: list[str]) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Each section's name and its values: key, what stands in its brackets, value."""
    name, values = "global", list[tuple[str, str, str]]()
    for line in lines:
        text = line.partition(";")[0].strip()
        if section := _SECTION.fullmatch(text):
            yield name, values
            name, values = section["name"], []
        elif value := _VALUE.fullmatch(text):
            values.append((value["key"], value["inner"] or "", value["value"].strip().strip("\"'")))
    yield name, values


def _pool(name: str, file: Path, values: list[tuple[str, str, str]]) -> Pool:
    single = {key: _named(value, name) for key, inner, value in values if not inner}

    def within(*keys: str) -> dict[str, str]:
        return {inner: _named(value, name) for key, inner, value in values if inner and key in keys}

    return Pool(
        name,
        file,
        single.get("user", ""),
        single.get("group", ""),
        single.get("chroot", ""),
        within(*_FIRM),
        within(*_WEAK),
        within("env"),
    )


def _named(value: str, name: str) -> str:
    return value.replace("$pool", name)
