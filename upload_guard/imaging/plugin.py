"""What computes a signal type of a picture: the built-in ones and those of plug-ins have the same form.

A plug-in is an entry point in the group `GROUP` that makes a `SignalPlugin` of a `Declared` table of the
settings. It is made once, before the walls of the sandbox go up, and asked behind them: see
docs/signal-types.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from upload_guard.records import SignalType, View

GROUP = "upload_guard.signal_types"

Option = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Hashed:
    """One hash of a view: `type.size` bytes, the first bit being the highest of the first byte.

    `variant` says how the view was changed first, empty where it was not; `quality` is 0 to 100, None for a
    type that has none.
    """

    value: bytes
    variant: str = ""
    quality: int | None = None


class SignalPlugin(Protocol):
    """One perceptual signal type. Holds nothing between two views that changes a hash."""

    @property
    def type(self) -> SignalType:
        """Its name in lists, which says its size."""
        ...

    @property
    def limit(self) -> int:
        """How many bits two hashes may differ in and still be a likeness."""
        ...

    @property
    def colours(self) -> bool:
        """Whether it looks at `View.colours`; otherwise views may come without."""
        ...

    def hashes(self, view: View) -> Iterable[Hashed]:
        """The hash of the view as it is, first, then those of it turned or mirrored, if it has any.

        Views have at least 32 pixels each way and something to see in them (by PDQ's quality). What it raises
        makes the image one that could not be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Declared:
    """What the settings say of a signal type. `options` are judged by the plug-in, by `ConfigError`."""

    type: SignalType
    limit: int
    plugin: str = "onnx"
    options: Mapping[str, Option] = field(default_factory=dict)


Maker = Callable[[Declared], SignalPlugin]
"""What the entry point is."""
