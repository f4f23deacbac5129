"""Settings from a TOML file, then UPLOAD_GUARD_* variables (and *_FILE), then arguments; the later one wins.

Every fault becomes one `ConfigError` line: where it stands, which key, what is accepted.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError
from pydantic_settings.sources import EnvSettingsSource

from upload_guard.errors import ConfigError
from upload_guard.settings import Settings

CONFIG_VARIABLE = "UPLOAD_GUARD_CONFIG"
ENV_PREFIX = "UPLOAD_GUARD_"


def load_settings(path: str | Path | None = None, **arguments: Any) -> Settings:
    """Settings from `path` (or the file UPLOAD_GUARD_CONFIG names, or none), environment and `arguments`.

    Relative paths count from the file's folder, or from the working folder where there is no file.
    Raises `ConfigError`.
    """
    reading = read_settings(path, **arguments)
    if reading.settings is None:
        raise ConfigError(reading.faults[0])
    return reading.settings


@dataclass(frozen=True, slots=True)
class Sources:
    """What each source gives, tables in tables; the later one wins. `file` is absolute."""

    file: Path | None
    from_file: Mapping[str, Any]
    from_environment: Mapping[str, Any]
    arguments: Mapping[str, Any]

    def merged(self) -> dict[str, Any]:
        return _merged(_merged(self.from_file, self.from_environment), self.arguments)

    def origin(self, path: list[str]) -> str:
        """Where the value of an option in force comes from, in words."""
        if _holds(self.arguments, path):
            return "argument"
        if _holds(self.from_environment, path):
            tables = [path[:depth] for depth in range(len(path), 0, -1)]
            return next((name for table in tables for name in _giving(table)), "environment")
        return "file" if _holds(self.from_file, path) else "default"


@dataclass(frozen=True, slots=True)
class Reading:
    """Every fault there is, a line each, most pressing first; `settings` is None where there is any."""

    sources: Sources
    settings: Settings | None
    faults: tuple[str, ...]


def read_settings(path: str | Path | None = None, **arguments: Any) -> Reading:
    """The same as `load_settings`, with all that is wrong and where each value is from. Raises nothing.

    Where a source cannot be read at all, what the others say together is not judged.
    """
    chosen = path or os.environ.get(CONFIG_VARIABLE) or None
    file = Path(chosen).absolute() if chosen else None
    faults: list[str] = []
    from_file = _read(lambda: _read_toml(file) if file else {}, faults)
    faults += _unknown_variables()
    from_environment = _read(_from_environment, faults)
    sources = Sources(file, from_file or {}, from_environment or {}, arguments)
    if from_file is None or from_environment is None:
        return Reading(sources, None, tuple(faults))
    try:
        settings = Settings.model_validate(sources.merged())
    except ValidationError as error:
        details = error.errors(include_url=False)
        faults += [_one_line(detail, file, from_file, arguments) for detail in details]
    if faults:
        return Reading(sources, None, tuple(faults))
    return Reading(sources, settings.resolved_against(file.parent if file else Path.cwd()), ())


def refuse_wrong(values: Mapping[str, Any]) -> None:
    """Raises `ConfigError` where these values, as tables in tables, are none that settings take."""
    try:
        Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_one_line(error.errors(include_url=False)[0], None, {}, values)) from None


def _read(source: Callable[[], dict[str, Any]], faults: list[str]) -> dict[str, Any] | None:
    try:
        return source()
    except _Unreadable as fault:
        faults += fault.faults
        return None


class _Unreadable(Exception):
    """A source that gives nothing; a line for each reason."""

    def __init__(self, *faults: str) -> None:
        super().__init__(*faults)
        self.faults = faults


def _merged(weaker: Mapping[str, Any], stronger: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(weaker)
    for key, value in stronger.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(below, value) if both and below is not None else value
    return merged


class _Sourced(Settings, BaseSettings):
    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_nested_delimiter="__")


class _Environment(EnvSettingsSource):
    """UPLOAD_GUARD_* variables; NAME_FILE stands for a file that holds the value of NAME."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables = dict(super()._load_env_vars())
        prefix = ENV_PREFIX.lower()
        faults: list[str] = []
        for name in [name for name in variables if name.startswith(prefix) and name.endswith("_file")]:
            path = variables.pop(name) or ""
            try:
                variables[name.removesuffix("_file")] = _read_value(path)
            except (OSError, UnicodeDecodeError) as error:
                faults.append(f"{name.upper()}: cannot read {path!r}: {_cause(error)}")
        if faults:
            raise _Unreadable(*faults)
        return variables


def _from_environment() -> dict[str, Any]:
    try:
        return _Environment(_Sourced)()
    except SettingsError as error:
        field = re.search(r'field "(\w+)"', str(error))
        key = field[1] if field else ""
        given = _giving([key]) + _giving_below([key]) or ["UPLOAD_GUARD_*"]
        raise _Unreadable(
            f"environment {', '.join(given)}: {key}: must be a table of options in JSON"
        ) from None


def _giving(path: list[str]) -> list[str]:
    """The variables that give just this option or table, as they are written."""
    name = ENV_PREFIX + "__".join(path).upper()
    return sorted(variable for variable in os.environ if variable.upper() in {name, f"{name}_FILE"})


def _giving_below(path: list[str]) -> list[str]:
    """The variables that give an option below it."""
    start = ENV_PREFIX + "__".join([*path, ""]).upper()
    return sorted(variable for variable in os.environ if variable.upper().startswith(start))


def _read_value(path: str) -> str:
    return Path(path).read_text(encoding="utf-8").rstrip("\r\n")


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _Unreadable(f"{file}: cannot be read: {_cause(error)}") from None
    except tomllib.TOMLDecodeError as error:
        raise _Unreadable(f"{file}: is not TOML: {error}") from None


def _cause(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"


def _unknown_variables() -> Iterator[str]:
    # pydantic-settings passes over what it does not know: a misspelt option would be silent.
    for name in sorted(os.environ):
        variable = name.upper()
        if not variable.startswith(ENV_PREFIX) or variable == CONFIG_VARIABLE:
            continue
        first, *deeper = variable.removeprefix(ENV_PREFIX).removesuffix("_FILE").lower().split("__")
        if first not in Settings.model_fields or (deeper and not _has_options(first)):
            yield f"environment {name}: no such option; {_accepted_keys(Settings)}"


def _has_options(field: str) -> bool:
    tables = {"customers", "lists", "mailboxes", "upstreams", "webhooks"}
    return field in tables or isinstance(Settings.model_fields[field].default, BaseModel)


def _one_line(
    error: ErrorDetails, file: Path | None, from_file: Mapping[str, Any], arguments: Mapping[str, Any]
) -> str:
    path = [str(part) for part in error["loc"] if part != "[key]"]
    line = f"{_place(path, file, from_file, arguments)}: {'.'.join(path)}: {_accepted(error, path)}"
    return " ".join(line.split())


def _place(
    path: list[str], file: Path | None, from_file: Mapping[str, Any], arguments: Mapping[str, Any]
) -> str:
    if _holds(arguments, path):
        return "argument"
    # An option is given by its own variable, by one below it, or by a table around it as JSON.
    tables = [path[:depth] for depth in range(len(path), 0, -1)]
    given = [name for table in tables for name in _giving(table)] + (_giving_below(path) if path else [])
    if given:
        return f"environment {given[0]}"
    return str(file) if file and from_file else "settings"


def _holds(values: Mapping[str, Any], path: list[str]) -> bool:
    here: Any = values
    for part in path:
        if not isinstance(here, Mapping) or part not in here:
            return False
        here = here[part]
    return bool(path)


def _accepted(error: Any, path: list[str]) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"no such option; {_accepted_keys(_section(path[:-1]))}"
    if kind == "value_error":
        expected = str(error["ctx"]["error"])
    else:
        expected = _EXPECTED.get(kind) or error["msg"].removeprefix("Input should be ")
    got = error["input"]
    shown = not isinstance(got, Mapping) and not _is_secret(path)
    return f"must be {expected}; got {got!r}" if shown else f"must be {expected}"


_EXPECTED = {
    "byte_size": 'a size such as "512 MiB"',
    "byte_size_unit": 'a size such as "512 MiB"',
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "string_type": "a text in quotes",
    "string_pattern_mismatch": "letters, digits and . _ - (the name of a list: small letters), 64 at most",
    "path_type": "a path in quotes",
    "model_type": "a table of options",
    "dict_type": "a table of options",
}


def _is_secret(path: list[str]) -> bool:
    """Whether the value stays out of a message, which may end in a log."""
    return any(_holds_secrets(path[:depth]) for depth in range(len(path), 0, -1))


def _holds_secrets(path: list[str]) -> bool:
    field = _section(path[:-1]).model_fields.get(path[-1])
    return field is not None and SecretStr in {field.annotation, *get_args(field.annotation)}


def _section(path: list[str]) -> type[BaseModel]:
    model: type[BaseModel] = Settings
    for part in path:
        # What names no option names one of several tables alike, such as that of a list.
        if part in model.model_fields:
            model = _table_in(model.model_fields[part].annotation) or model
    return model


def _table_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _table_in(part))), None)


def _accepted_keys(model: type[BaseModel]) -> str:
    return "accepted: " + ", ".join(model.model_fields)
