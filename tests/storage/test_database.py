"""The database: its schema, its faults in our own words."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, select, text
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from upload_guard.errors import StorageFailed
from upload_guard.storage import migrations
from upload_guard.storage.database import Database, open_database, open_for_requests
from upload_guard.storage.tables import Base, HashList, ListActivation, ListVersion, UtcDateTime

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'data' / 'test.sqlite3'}"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(url(tmp_path))


def add(database: Database, name: str, created_at: datetime = NOW) -> None:
    with database.session() as session:
        session.add(HashList(name=name, origin="origin", created_at=created_at))


def names(database: Database) -> list[str]:
    with database.session() as session:
        return sorted(session.scalars(select(HashList.name)))


def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_no_table_is_left_over(database: Database) -> None:
    assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_opening_again_finds_what_was_stored(tmp_path: Path) -> None:
    add(open_database(url(tmp_path)), "kept")
    assert names(open_database(url(tmp_path))) == ["kept"]


def test_several_processes_can_open_it_at_once(tmp_path: Path) -> None:
    program = f"from upload_guard.storage.database import open_database; open_database({url(tmp_path)!r})"
    running = [
        subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    faults = [process.communicate(timeout=30)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4, faults
    assert names(open_database(url(tmp_path))) == []


def test_the_folder_is_made_for_its_owner_alone(database: Database, tmp_path: Path) -> None:
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_a_storage_fault(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageFailed, match="data"):
        open_database(url(tmp_path))


def test_a_file_that_is_no_database_is_a_storage_fault(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test.sqlite3").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StorageFailed, match="file is not a database"):
        open_database(url(tmp_path))


def test_a_folder_in_place_of_the_file_is_a_storage_fault(tmp_path: Path) -> None:
    (tmp_path / "data" / "test.sqlite3").mkdir(parents=True)
    with pytest.raises(StorageFailed, match="unable to open"):
        open_database(url(tmp_path))


def test_a_database_of_a_newer_release_is_a_storage_fault(tmp_path: Path) -> None:
    with open_database(url(tmp_path)).session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageFailed):
        open_database(url(tmp_path))


def test_a_fault_in_a_session_is_a_storage_fault_and_undoes_all_of_it(database: Database) -> None:
    add(database, "one")

    def two_lists_of_which_one_is_there() -> None:
        with database.session() as session:
            session.add(HashList(name="two", origin="origin", created_at=NOW))
            session.flush()
            session.add(HashList(name="one", origin="origin", created_at=NOW))

    with pytest.raises(StorageFailed, match="UNIQUE constraint failed"):
        two_lists_of_which_one_is_there()
    assert names(database) == ["one"]


def test_a_fault_does_not_show_what_was_to_be_stored(database: Database) -> None:
    add(database, "secret")
    with pytest.raises(StorageFailed) as caught:
        add(database, "secret")
    assert "secret" not in str(caught.value)


def test_any_other_exception_undoes_the_session_and_stays_itself(database: Database) -> None:
    def stored_and_then_failed() -> None:
        with database.session() as session:
            session.add(HashList(name="one", origin="origin", created_at=NOW))
            session.flush()
            raise KeyError("not the database's fault")

    with pytest.raises(KeyError):
        stored_and_then_failed()
    assert names(database) == []


def test_a_version_cannot_belong_to_no_list(database: Database) -> None:
    version = ListVersion(
        list_id=7,
        number=1,
        source="s",
        sha256=bytes(32),
        entries=1,
        counts={},
        imported_at=NOW,
        imported_by="ann",
    )
    with pytest.raises(StorageFailed, match="FOREIGN KEY"), database.session() as session:
        session.add(version)


@pytest.mark.parametrize(
    "moment",
    [
        NOW,
        NOW.astimezone(timezone(timedelta(hours=5, minutes=30))),
        NOW.astimezone(timezone(timedelta(hours=-8))),
    ],
    ids=["UTC", "east", "west"],
)
def test_a_moment_comes_back_as_itself_in_utc(database: Database, moment: datetime) -> None:
    add(database, "one", moment)
    with database.session() as session:
        found = session.scalars(select(HashList.created_at)).one()
    assert found == moment
    assert found.tzinfo is UTC


def test_no_moment_stays_none() -> None:
    kind, dialect = UtcDateTime(), SQLiteDialect()
    assert kind.process_bind_param(None, dialect) is None
    assert kind.process_result_value(None, dialect) is None


def test_what_was_known_of_activations_before_they_had_rows_is_kept(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    engine = create_engine(url(tmp_path))
    migrate(engine, "0002")
    version = "INSERT INTO list_versions VALUES (:id, 1, :id, 's', x'00', 1, '{}', :at, 'ann', :at, :by)"
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO hash_lists VALUES (1, 'icse', 'interpol', :at, 1)"), {"at": NOW})
        for number, at, by in ((1, "2026-01-02 00:00:00.000000", "bob"), (2, None, None)):
            connection.execute(
                text(version.replace(":at, 'ann'", "'2026-01-01 00:00:00.000000', 'ann'")),
                {"id": number, "at": at, "by": by},
            )
    with open_database(url(tmp_path)).session() as session:
        (one,) = session.scalars(select(ListActivation))
        assert (one.number, one.way, one.activated_at, one.activated_by) == (
            1,
            "manual",
            datetime(2026, 1, 2, tzinfo=UTC),
            "bob",
        )
        assert [one.categories for one in session.scalars(select(ListVersion))] == [{}, {}]


def test_what_a_request_stored_is_there_for_all_though_its_process_is_killed(tmp_path: Path) -> None:
    program = f"""
import os, signal
from datetime import UTC, datetime
from upload_guard.storage.database import open_for_requests
from upload_guard.storage.tables import HashList
for name in ("one", "two"):
    with open_for_requests({url(tmp_path)!r}).session() as session:
        session.add(HashList(name=name, origin="origin", created_at=datetime.now(UTC)))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    assert names(open_database(url(tmp_path))) == ["one", "two"]


def test_the_disk_is_waited_for_but_not_at_every_request(tmp_path: Path) -> None:
    found = []
    for opened in (open_database(url(tmp_path)), open_for_requests(url(tmp_path))):
        with opened.session() as session:
            found.append(session.scalar(text("PRAGMA synchronous")))
        opened.engine.dispose()
    full, normal = 2, 1
    assert found == [full, normal]


def test_the_steps_are_named_after_the_schemas_that_they_lead_to(database: Database) -> None:
    steps = ScriptDirectory.from_config(alembic_config())
    for step in steps.walk_revisions():
        assert Path(step.path).name.startswith(f"{step.revision}_")
    with database.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == steps.get_current_head()


def test_who_has_nothing_to_migrate_does_not_load_what_migrates(database: Database) -> None:
    program = f"""
import sys
from upload_guard.storage.database import open_database
open_database({str(database.engine.url)!r})
print("alembic" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "False"


def test_the_newest_migration_can_be_taken_back(database: Database) -> None:
    config = alembic_config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
    columns = {column["name"] for column in inspect(database.engine).get_columns("list_versions")}
    assert {"activated_at", "activated_by"} <= columns
    assert "categories" not in columns


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config


def migrate(engine: Engine, revision: str) -> None:
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_cases_of_an_earlier_release_are_grouped_by_file_and_found_by_what_held_them(tmp_path: Path) -> None:
    engine = create_engine(url(tmp_path))
    (tmp_path / "data").mkdir()
    migrate(engine, "0012")
    match = {"list_name": "icse", "category": "baseline", "signal_type": "pdq", "value": "0f" * 32}
    with engine.begin() as connection:
        columns = [column["name"] for column in inspect(connection).get_columns("cases")]
        for number, (file, matches) in enumerate(((b"1", [match, match]), (b"2", []), (b"1", [match]))):
            values = dict.fromkeys(columns, "") | {"id": number + 1, "number": str(number), "size": 1}
            values |= {"lowered": False, "upload_id": str(number), "sha256": file, "vault_name": f"v{number}"}
            values["matches"] = json.dumps(matches)
            names_of = ", ".join(columns)
            given = ", ".join(f":{name}" for name in columns)
            connection.execute(text(f"INSERT INTO cases ({names_of}) VALUES ({given})"), values)  # noqa: S608
            connection.execute(
                text("INSERT INTO vault_objects (name, kept) VALUES (:name, 'sealed')"),
                {"name": f"v{number}"},
            )
    with open_database(url(tmp_path)).session() as session:
        rows = session.execute(text("SELECT group_id, list_name, category FROM cases ORDER BY id")).all()
        assert rows == [(1, "icse", "baseline"), (2, "", "unread"), (1, "icse", "baseline")]
        assert session.execute(text("SELECT id, look FROM case_groups ORDER BY id")).all() == [
            (1, None),
            (2, None),
        ]
        assert session.execute(text("SELECT entry_id, case_id FROM case_entries")).all() == [(1, 1), (1, 3)]
        (entry,) = session.execute(text("SELECT list_name, signal_type, value FROM held_entries")).all()
        assert entry == ("icse", "pdq", b"\x0f" * 32)
        files = session.execute(text("SELECT sha256 FROM vault_objects ORDER BY name")).all()
        assert files == [(b"1",), (b"2",), (b"1",)]


def test_what_an_earlier_release_kept_is_marked_as_plain_when_seals_come(tmp_path: Path) -> None:
    engine = create_engine(url(tmp_path))
    (tmp_path / "data").mkdir()
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        columns = [column["name"] for column in inspect(connection).get_columns("cases")]
        values = dict.fromkeys(columns, "") | {"id": 1, "size": 1, "lowered": False, "vault_name": "ab12"}
        names_of = ", ".join(columns)
        given = ", ".join(f":{name}" for name in columns)
        connection.execute(text(f"INSERT INTO cases ({names_of}) VALUES ({given})"), values)  # noqa: S608
    with open_database(url(tmp_path)).session() as session:
        assert session.execute(text("SELECT name, kept, fault FROM vault_objects")).all() == [
            ("ab12", "plain", "")
        ]
        assert session.execute(text("SELECT sequence FROM audit_head")).all() == [(0,)]
