"""The plug-in in docs/signal-types.md is one that works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from upload_guard.errors import ConfigError
from upload_guard.imaging.plugin import Declared
from upload_guard.records import SignalType
from upload_guard.testing import check_signal_plugin

PAGE = (Path(__file__).parents[2] / "docs" / "signal-types.md").read_text()


@pytest.fixture(scope="module")
def written() -> Any:
    """What the page's first block of Python defines."""
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(code[1], names)  # noqa: S102 - our own page
    return names["MyHash"]


def test_it_conforms(written: Any) -> None:
    declared = Declared(SignalType("myhash-64"), 8, "myhash")
    assert check_signal_plugin(written(declared)) == {""}


def test_it_refuses_what_it_cannot_work_with(written: Any) -> None:
    with pytest.raises(ConfigError, match="has 64 bits and no options"):
        written(Declared(SignalType("myhash-96"), 8, "myhash"))
