"""Settings from a TOML file, then UPLOAD_GUARD_* variables (and *_FILE), then arguments; the later one wins.

Every fault becomes one `ConfigError` line: where it stands, which key, what is accepted.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
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
    chosen = path or os.environ.get(CONFIG_VARIABLE) or None
    file = Path(chosen).absolute() if chosen else None
    from_file = _read_toml(file) if file else {}
    _refuse_unknown_variables()
    try:
        values = _merged(_merged(from_file, _from_environment()), arguments)
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_one_line(error, file, from_file, arguments)) from None
    return settings.resolved_against(file.parent if file else Path.cwd())


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
        for name in [name for name in variables if name.startswith(prefix) and name.endswith("_file")]:
            variables[name.removesuffix("_file")] = _read_value(name.upper(), variables.pop(name))
        return variables


def _from_environment() -> dict[str, Any]:
    try:
        return _Environment(_Sourced)()
    except SettingsError as error:
        field = re.search(r'field "(\w+)"', str(error))
        key = field[1] if field else ""
        given = _giving([key]) + _giving_below([key]) or ["UPLOAD_GUARD_*"]
        raise ConfigError(
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


def _read_value(variable: str, path: str | None) -> str:
    try:
        return Path(path or "").read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{variable}: cannot read {path!r}: {_cause(error)}") from None


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {_cause(error)}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: is not TOML: {error}") from None


def _cause(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"


def _refuse_unknown_variables() -> None:
    # pydantic-settings passes over what it does not know: a misspelt option would be silent.
    for name in sorted(os.environ):
        variable = name.upper()
        if not variable.startswith(ENV_PREFIX) or variable == CONFIG_VARIABLE:
            continue
        first, *deeper = variable.removeprefix(ENV_PREFIX).removesuffix("_FILE").lower().split("__")
        if first not in Settings.model_fields or (deeper and not _has_options(first)):
            raise ConfigError(f"environment {name}: no such option; {_accepted_keys(Settings)}")


def _has_options(field: str) -> bool:
    return field == "lists" or isinstance(Settings.model_fields[field].default, BaseModel)


def _one_line(
    error: ValidationError, file: Path | None, from_file: Mapping[str, Any], arguments: Mapping[str, Any]
) -> str:
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"] if part != "[key]"]
    line = f"{_place(path, file, from_file, arguments)}: {'.'.join(path)}: {_accepted(first, path)}"
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
    field = _section(path[:-1]).model_fields.get(path[-1]) if path else None
    return field is not None and field.annotation is SecretStr


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
