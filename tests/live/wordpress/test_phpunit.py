"""The parts that need neither WordPress nor a sidecar, by PHPUnit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.debian import programs_of
from tests.live.wordpress.php import php
from tests.live.wordpress.sites import BRIDGE

pytestmark = pytest.mark.live


def test_phpunit_finds_all_well() -> None:
    root = programs_of("phpunit").root
    done = php().run(
        *("-d", f"include_path={root}/usr/share/php", root / "usr/bin/phpunit"),
        *(
            "--no-configuration",
            "--do-not-cache-result",
            "--fail-on-warning",
            Path(__file__).with_name("phpunit"),
        ),
        environment={"BRIDGE": str(BRIDGE)},
        code=None,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"OK \((\d+) tests", done.stdout)
    assert found
    assert int(found[1]) >= 25
