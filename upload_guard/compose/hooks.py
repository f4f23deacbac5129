"""Functions of a site's own that settings name as "module:function"."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import reduce
from typing import Any, cast

from upload_guard.errors import ConfigError


def named_function(option: str, path: str) -> Callable[..., Any]:
    """Calls the function of that path; its module is imported when it is first needed.

    Not before, since it may import the very application that is being built. Raises `ConfigError`.
    """
    module, _, name = path.partition(":")
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise ConfigError(f"{option}: there is no module {module!r}; got {path!r}")

    def call(*arguments: Any) -> Any:
        hook: Any = reduce(getattr, name.split("."), cast(Any, importlib.import_module(module)))
        return hook(*arguments)

    return call
