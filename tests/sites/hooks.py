"""What a site does when it hears of a late match: here, it writes it down beside its settings."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from upload_guard import LateMatch


def removed(match: LateMatch) -> None:
    told = Path(os.environ["UPLOAD_GUARD_CONFIG"]).with_name("told.jsonl")
    with told.open("a") as file:
        file.write(json.dumps(asdict(match), default=str) + "\n")
