"""Who may import whom: arrows only go down, and a site that asks a sidecar stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import upload_guard

PACKAGE = Path(upload_guard.__file__).parent

# From the ground up. A room may import its own floor's name, and whatever stands on a lower floor.
FLOORS = (
    {"canary", "errors", "forks", "interpreter", "moments", "sections", "signing", "spans", "stages"},
    {"door_settings", "oidc_settings", "records"},
    {
        "digests",
        "failure_settings",
        "follow_up_settings",
        "list_settings",
        "mail_settings",
        "notice_settings",
        "private_settings",
        "quarantine_settings",
        "retro_settings",
        "reveal_settings",
        "review_settings",
        "scan_settings",
        "service_settings",
        "signal_settings",
        "statement_settings",
    },
    {"customer_settings", "outbox_settings", "report_settings", "upstream_settings"},
    {"settings"},
    {"keyring", "loading", "logs", "policy_table"},
    {"effective"},
    {"imaging", "matching", "policy"},
    {"suppositions"},
    {"explanation"},
    {"texts"},
    {"containers"},
    {"intake", "sandbox", "storage"},
    {"audit", "vault"},
    {"customers", "lists", "machine_keys", "people", "private"},
    {"quarantine", "late", "upstreams"},
    {"holdings", "mailing"},
    {"reports", "notices", "statements"},
    {"checkers", "glimpses", "guard", "housekeeping", "outbox", "statistics"},
    {"rehearsal", "retro", "routing"},
    {"pieces"},
    {"compose", "answers"},
    {"wsgi", "doors", "sidecar", "scan"},
    {"demo", "first_config", "testing"},
    {"doctor"},
    {"cli", "__init__"},
    {"__main__"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(parts: tuple[str, ...]) -> str:
    return parts[0] if parts else "__init__"


def imported_rooms(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import hides its arrow"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.split(".")[0] == "upload_guard":
                yield room_of(tuple(name.split(".")[1:]))


def own_room(file: Path) -> str:
    return room_of(file.relative_to(PACKAGE).with_suffix("").parts)


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_only_go_down(file: Path) -> None:
    here = own_room(file)
    for there in imported_rooms(file):
        if there in {here, "__version__"}:
            continue
        assert FLOOR_OF[there] < FLOOR_OF[here], (
            f"{file.relative_to(PACKAGE)} imports {there}, which is not below"
        )


def test_a_walk_that_met_an_upward_arrow_would_see_it(tmp_path: Path) -> None:
    file = tmp_path / "policy.py"
    file.write_text("def later():\n    from upload_guard.sidecar.app import create_app\n")
    assert list(imported_rooms(file)) == ["sidecar"]
    assert FLOOR_OF["sidecar"] > FLOOR_OF["policy"]


def test_every_room_has_a_floor() -> None:
    assert {own_room(file) for file in MODULES} <= set(FLOOR_OF)


def test_the_guard_knows_neither_a_checker_nor_a_keeper() -> None:
    assert set(imported_rooms(PACKAGE / "guard.py")) == {"errors", "policy", "records", "stages"}


def test_only_the_entrances_reach_the_top_rooms() -> None:
    top = {"wsgi", "doors", "sidecar"}
    reaching = {own_room(file) for file in MODULES if top & set(imported_rooms(file))} - top
    assert reaching <= {"__init__", "cli", "compose"}


HEAVY = ("numpy", "PIL", "sqlalchemy", "scipy", "imagehash", "alembic", "flask", "gunicorn", "pypdf")


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("mode", ["closed", "open"])
def test_a_site_that_asks_a_sidecar_imports_nothing_heavy(tmp_path: Path, mode: str) -> None:
    """Not even where what passes unchecked waits for its check."""
    code = f"""
import sys
from upload_guard import Settings, UploadGuard
asking = {{"service": {{"url": "http://127.0.0.1:1"}}, "failure": {{"unreachable": {mode!r}}}}}
UploadGuard(lambda environ, start_response: [], Settings(data_dir={str(tmp_path)!r}, **asking))
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    assert run_python(code).strip() == "[]"


def test_the_same_question_of_an_embedded_site_would_find_them(tmp_path: Path) -> None:
    code = f"""
import sys
from upload_guard import Settings, UploadGuard
UploadGuard(lambda environ, start_response: [], Settings(data_dir={str(tmp_path)!r}))
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    assert "numpy" in run_python(code)


def test_the_public_face_gives_every_name_it_lists_and_no_other() -> None:
    for name in upload_guard.__all__:
        assert getattr(upload_guard, name)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = upload_guard.Nothing
