from __future__ import annotations

from pathlib import Path

import pytest

from tests.reports.house import ReportHouse, report_house


@pytest.fixture
def house(tmp_path: Path) -> ReportHouse:
    return report_house(tmp_path)
