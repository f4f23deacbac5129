"""What docs/vault.md has copied is enough to go on elsewhere: lists act, and held bytes can be opened."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from tests.support import activate_listed_picture, picture_bytes, read, settings_in, upload_of
from upload_guard.compose import build_guard, open_database_of
from upload_guard.compose.stores import vault_in
from upload_guard.records import Result
from upload_guard.settings import Settings
from upload_guard.storage.tables import Case


def copied(settings: Settings, folder: Path) -> Settings:
    """A folder as it is set up anew out of a copy, made while the other is in use."""
    elsewhere = settings_in(folder)
    to, since = elsewhere.data_dir, settings.data_dir
    for old in to.glob("upload_guard.sqlite3*"):
        old.unlink()
    with closing(sqlite3.connect(since / "upload_guard.sqlite3")) as running:
        running.execute("VACUUM INTO ?", (str(to / "upload_guard.sqlite3"),))
    shutil.copytree(since / "vault", to / "vault", dirs_exist_ok=True)
    shutil.copytree(since / "lists", to / "lists", dirs_exist_ok=True)
    shutil.copy(since / "secret.key", to / "secret.key")
    return elsewhere


def test_out_of_a_copy_made_while_it_is_in_use_lists_act_and_held_files_open(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "first")
    listed = activate_listed_picture(settings)
    with open_database_of(settings).session() as in_use:
        in_use.scalars(select(Case)).all()
        (held,) = build_guard(settings).check([upload_of(listed)])
        elsewhere = copied(settings, tmp_path / "second")
    (again, other) = build_guard(elsewhere).check([upload_of(listed), upload_of(picture_bytes(3))])
    assert (again.verdict.result, other.verdict.result) == (Result.MATCH, Result.CLEAN)
    database = open_database_of(elsewhere)
    with database.session() as session:
        (name,) = session.scalars(select(Case.vault_name).where(Case.number == held.case))
    assert read(vault_in(elsewhere, database).content(str(name))) == listed
