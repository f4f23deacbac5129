"""Everything a task will need is loaded before the walls go up: behind them no module can be opened."""

from __future__ import annotations

import encodings
import gc
import io
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

from PIL import AvifImagePlugin, Image

from upload_guard.errors import ConfigError
from upload_guard.imaging.budget import ScanLimits
from upload_guard.imaging.plugin import GROUP, Declared, Maker, SignalPlugin, hashes_of
from upload_guard.records import Analysis, View
from upload_guard.sandbox.seccomp import prepared_filter
from upload_guard.sandbox.worker import Task

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "ICO", "JPEG2000", "HEIF")


def load_task(name: str) -> Task:
    """The function that "package.module:function" names. Raises `ImportError` or `AttributeError`."""
    module, _, function = name.partition(":")
    return cast("Task", getattr(import_module(module), function))


def with_plugins(task: Task, plugins: Sequence[SignalPlugin]) -> Task:
    """The task, which has to be one that takes `plugins`."""
    return partial(cast("Callable[..., Analysis]", task), plugins=plugins)


def load_plugins(declared: Iterable[Declared]) -> tuple[SignalPlugin, ...]:
    """Each made, and used once. Raises `ConfigError` where one is not installed, and whatever it raises."""
    plugins = tuple(_used(_made(one)) for one in declared)
    if (threads := _threads()) > 1:
        # Workers are forked from here: a lock that such a thread holds then is held in them for ever.
        names = ", ".join(one.type for one in plugins)
        raise ConfigError(f"{names}: a plug-in leaves {threads - 1} threads running")
    return plugins


def _threads() -> int:
    """Of this process, those of C libraries among them; 1 where that cannot be told."""
    tasks = Path("/proc/self/task")
    return sum(1 for _ in tasks.iterdir()) if tasks.is_dir() else 1


def _made(declared: Declared) -> SignalPlugin:
    found = tuple(entry_points(group=GROUP, name=declared.plugin))
    if not found:
        raise ConfigError(f"{declared.type}: no installed package has a plug-in {declared.plugin!r}")
    try:
        maker = cast("Maker", found[0].load())
    except ImportError as error:
        # The one that comes with this package wants an extra: upload-guard[onnx].
        raise ConfigError(f"{declared.type}: its plug-in needs what is not installed: {error}") from None
    made = maker(declared)
    if made.type is not declared.type:
        # Its hashes would be searched for among those of another type, and never be met.
        raise ConfigError(f"{declared.type}: its plug-in computes {made.type}")
    return made


def _used(plugin: SignalPlugin) -> SignalPlugin:
    """What it loads at its first picture has to be there before the walls go up."""
    picture = Image.linear_gradient("L")
    view = View("warm", picture, picture.convert("RGB") if plugin.colours else None)
    for _ in hashes_of(plugin, view):
        pass
    return plugin


def warm(task: Task, limits: ScanLimits) -> None:
    """Import and use once whatever would otherwise be imported at the first file of its kind."""
    Image.init()
    # One thread a decoder: a worker has one upload, and each thread's stack counts as address space.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    with suppress(ImportError):
        import_module("pillow_heif").options.DECODE_THREADS = 1
    _load_codecs()
    with suppress(ImportError, RuntimeError, OSError):
        prepared_filter()
    for name in _FORMATS:
        # A format that this installation cannot write, or a task that does not take it, warms nothing.
        with suppress(Exception):
            task(io.BytesIO(_tiny_picture(name)), limits)
    # What lives now lives for ever: the collector must not write to pages that all workers share.
    gc.collect()
    gc.freeze()


def _tiny_picture(name: str) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(file, name)
    return file.getvalue()


def _load_codecs() -> None:
    """Archives, documents and mails name character sets, and Python loads each at its first use."""
    for module in pkgutil.iter_modules(encodings.__path__):
        # Some exist on one system only (mbcs, oem).
        with suppress(ImportError, AttributeError):
            import_module(f"encodings.{module.name}")
