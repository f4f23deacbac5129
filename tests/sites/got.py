"""What each application of the tests answers: the digests of every byte string that it could get."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any


def got(environ: dict[str, Any], strings: Iterable[bytes]) -> bytes:
    verdict = environ.get("upload_guard.verdict")
    return json.dumps(
        {
            "got": [hashlib.sha256(one).hexdigest() for one in strings],
            "result": verdict and verdict.result.value,
            "reason": verdict and verdict.reason,
        }
    ).encode()


def is_form(content_type: str | None) -> bool:
    return (content_type or "").startswith(("multipart/form-data", "application/x-www-form-urlencoded"))
