"""The log of a server process: one line an event on standard error, for people or as JSON.

No line shows a whole hash, whatever made it; image bytes and file names are not logged in the first place.
"""

from __future__ import annotations

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor, ProcessorReturnValue, WrappedLogger

from upload_guard.settings import LogSettings

# MD5 is the shortest of the hashes that name a file; key ids and request ids are shorter.
_HASH = re.compile(r"\b([0-9a-fA-F]{8})[0-9a-fA-F]{24,}\b")
_FIRST = ("timestamp", "level", "logger", "event", "exception")


def log_to_stderr(settings: LogSettings) -> None:
    """Write what loggers of this process say; may be called again when settings have changed."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    # Ours only: at debug, Pillow would log tags of images.
    logging.getLogger("upload_guard").setLevel(settings.level.upper())


def _formatter(settings: LogSettings) -> logging.Formatter:
    rendered: Processor = structlog.processors.JSONRenderer() if settings.format == "json" else _as_text
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # The plain traceback: others show the values of variables.
            structlog.processors.format_exc_info,
            _without_whole_hashes,
            rendered,
        ],
    )


def _without_whole_hashes(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        key: _HASH.sub(r"\1...", value) if isinstance(value, str) else value for key, value in event.items()
    }


def _as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> ProcessorReturnValue:
    fields = "".join(f" {key}={value}" for key, value in event.items() if key not in _FIRST)
    line = f"{event['timestamp']} {event['level'].upper()} {event['logger']}: {event['event']}{fields}"
    # One event, one line: nobody who chooses a word of it can add a line of his own.
    line = line.replace("\r", "\\r").replace("\n", "\\n")
    return f"{line}\n{event['exception']}" if "exception" in event else line
