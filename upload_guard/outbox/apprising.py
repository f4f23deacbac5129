"""A process that sends one text by Apprise: reads target and text, and writes what came of it.

On its own, since Apprise has a module for each of a hundred services and a deadline for none: whoever runs
this ends it when time is up. The target, which holds passwords, is in no argument.
"""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass

import apprise

_NO_TARGET = "is no target that Apprise knows"


@dataclass(frozen=True, slots=True)
class Said:
    """`fault` is empty where it was sent; `permanent` where no later try would be."""

    fault: str = ""
    permanent: bool = False


def send(target: str, title: str, text: str) -> Said:
    """Plain text to one target. Apprise says on its log why something failed, by words without passwords."""
    asset = apprise.AppriseAsset(async_mode=False, secure_logging=True, app_id="upload_guard")
    plugin = apprise.Apprise.instantiate(target, asset=asset, suppress_exceptions=True)
    if plugin is None:
        return Said(f"{shown(target)} {_NO_TARGET}", permanent=True)
    plugin.notify_format = apprise.NotifyFormat.TEXT
    capture = apprise.LogCapture(level=logging.WARNING, fmt="%(message)s")  # type: ignore[no-untyped-call]
    with capture as captured:
        sent = plugin.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT)
        words = captured.getvalue()
    return Said() if sent else Said(_first_line(words, target) or "it was not taken")


def shown(target: str) -> str:
    """A target for people: by what it goes, and nothing that may open it."""
    return f"{target.partition('://')[0][:20]}://..."


def _first_line(words: str, target: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    # A service may repeat in its answer what it was asked with.
    told = [line for line in lines if target not in line]
    return " ".join(told)[:200]


def main() -> None:
    asked = json.load(sys.stdin)
    said = send(asked["target"], asked["title"], asked["text"])
    json.dump({"fault": said.fault, "permanent": said.permanent}, sys.stdout)


if __name__ == "__main__":
    main()
