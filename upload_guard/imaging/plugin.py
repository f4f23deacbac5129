"""What computes a signal type of a picture: the built-in ones and those of plug-ins have the same form.

A plug-in is an entry point in the group `GROUP` that makes a `SignalPlugin` of a `Declared` table of the
settings. It is made once, before the walls of the sandbox go up, and asked behind them: see
docs/signal-types.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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


def hashes_of(plugin: SignalPlugin, view: View) -> Iterator[Hashed]:
    """What it gives for a view. Raises `ValueError` for no hash at all and for one that is none of its type.

    Else what it failed at would look like a view that nothing is known of.
    """
    found = False
    for one in plugin.hashes(view):
        if fault := _fault(one, plugin.type.size):
            raise ValueError(f"{plugin.type}: its plug-in gives {fault}")
        found = True
        yield one
    if not found:
        raise ValueError(f"{plugin.type}: its plug-in gives no hash")


def _fault(one: Hashed, size: int) -> str:
    """What is wrong with a hash: plug-ins are strangers' and need not be typed."""
    if type(one.value) is not bytes:
        return f"a hash that is {type(one.value).__name__}, not bytes"
    if len(one.value) != size:
        return f"hashes of {len(one.value) * 8} bits"
    if type(one.variant) is not str:
        return f"a variant that is {type(one.variant).__name__}, not str"
    # `type`, since True is an int and must not become a quality.
    if one.quality is not None and not (type(one.quality) is int and 0 <= one.quality <= 100):
        return f"a quality of {one.quality!r}, not from 0 to 100"
    return ""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the settings say of a signal type. `options` are judged by the plug-in, by `ConfigError`."""

    type: SignalType
    limit: int
    plugin: str = "onnx"
    options: Mapping[str, Option] = field(default_factory=dict)


Maker = Callable[[Declared], SignalPlugin]
"""What the entry point is."""
