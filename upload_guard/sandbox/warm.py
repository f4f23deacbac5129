"""Everything a task will need is loaded before the walls go up: behind them no module can be opened."""

from __future__ import annotations

import encodings
import gc
import io
import pkgutil
from contextlib import suppress
from importlib import import_module
from typing import cast

from PIL import AvifImagePlugin, Image

from upload_guard.imaging.budget import ScanLimits
from upload_guard.sandbox.seccomp import prepared_filter
from upload_guard.sandbox.worker import Task

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "ICO", "JPEG2000", "HEIF")


def load_task(name: str) -> Task:
    """The function that "package.module:function" names. Raises `ImportError` or `AttributeError`."""
    module, _, function = name.partition(":")
    return cast("Task", getattr(import_module(module), function))


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
