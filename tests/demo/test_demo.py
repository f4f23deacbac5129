"""The demonstration, as the README's first command runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.support import pdq_of
from upload_guard.demo.pictures import jpeg, landscape

pytestmark = pytest.mark.live

COMMAND = [sys.executable, "-m", "upload_guard", "demo"]


def test_once_shows_all_four_uploads_and_succeeds(tmp_path: Path) -> None:
    # Settings of a real installation must not draw the demonstration into its data.
    elsewhere = {"UPLOAD_GUARD_DATA_DIR": str(tmp_path / "real"), "UPLOAD_GUARD_TRUST__BASELINE": "ignore"}
    environment = os.environ | {"TMPDIR": str(tmp_path)} | elsewhere
    result = subprocess.run(
        [*COMMAND, "--once"], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    rows = [line.split("  ") for line in result.stdout.splitlines()[1:5]]
    told = [[cell.strip() for cell in row if cell.strip()][:3] for row in rows]
    assert told == [
        ["an ordinary photo", "201 stored by the site", "passed"],
        ["the listed picture", "403 not stored", "match, block"],
        ["it, resized, JPEG quality 40", "403 not stored", "match, quarantine"],
        ["a text file", "201 stored by the site", "passed"],
    ]
    assert "/vault/" in result.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reason", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_without_once_both_servers_stay_until_it_is_ended(tmp_path: Path, reason: signal.Signals) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        COMMAND, env=environment, stdout=subprocess.PIPE, text=True, preexec_fn=_heed_ctrl_c
    ) as demo:
        assert demo.stdout is not None
        line = next(line for line in demo.stdout if line.startswith("Both servers go on"))
        site, sidecar = (word for word in line.split() if word.startswith("http://"))
        assert requests.get(site, timeout=30).ok
        assert requests.get(sidecar, timeout=30).json()["status"] == "ready"
        demo.send_signal(reason)
        assert demo.wait(timeout=90) == 0
    time.sleep(0.2)
    with pytest.raises(requests.ConnectionError):
        requests.get(site, timeout=30)
    assert list(tmp_path.iterdir()) == []


def _heed_ctrl_c() -> None:
    """Tests that a shell runs in the background ignore it, and what they start would as well."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_seed_always_draws_the_same_picture_and_another_seed_another() -> None:
    first, again, other = (pdq_of(jpeg(landscape(seed, (400, 300)))) for seed in (5, 5, 6))
    assert first == again
    assert sum((a ^ b).bit_count() for a, b in zip(first, other, strict=True)) > 60
