"""A maildir: each mail is taken, whatever a person did with it before, and lies where people find it then."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.notices.mail.odd_mails import ONE, mail
from tests.notices.mail.taker import Taker
from upload_guard.errors import StorageFailed, TransportError
from upload_guard.notices.mail.mailboxes import Fetcher
from upload_guard.notices.mail.maildir import Maildir

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("tmp", "new", "cur"):
        (tmp_path / "box" / name).mkdir(parents=True)
    return tmp_path / "box"


def deliver(folder: Path, name: str, where: str = "new") -> Path:
    file = folder / where / name
    file.write_bytes(mail(f"see {ONE}", f"Subject: {name}"))
    os.utime(file, (AT.timestamp(), AT.timestamp()))
    return file


def fetch(folder: Path, taker: Taker) -> int:
    return Fetcher("abuse", Maildir(folder), taker.take).run()


def taken_files(folder: Path) -> set[str]:
    return {file.name for file in (folder / ".Taken" / "cur").iterdir()}


def test_mails_are_taken_in_the_order_they_came_and_once(folder: Path) -> None:
    deliver(folder, "2.host")
    deliver(folder, "1.host")
    taker = Taker()
    assert fetch(folder, taker) == 2
    assert fetch(folder, taker) == 0
    assert taker.subjects == ["1.host", "2.host"]
    assert taker.taken[0].received_at == AT
    assert taken_files(folder) == {"1.host:2,S", "2.host:2,S"}


def test_one_that_a_person_opened_first_is_taken_and_one_that_was_thrown_away_is_not(folder: Path) -> None:
    deliver(folder, "1.host:2,S", "cur")
    deliver(folder, "2.host:2,RS", "cur")
    deliver(folder, "3.host:2,ST", "cur")
    taker = Taker()
    assert fetch(folder, taker) == 2
    assert taken_files(folder) == {"1.host:2,S", "2.host:2,RS"}
    assert (folder / "cur" / "3.host:2,ST").exists()


def test_what_could_not_be_kept_stays_and_is_taken_later(folder: Path) -> None:
    deliver(folder, "1.host")
    deliver(folder, "2.host")
    full = Taker(full_at=1)
    with pytest.raises(StorageFailed):
        fetch(folder, full)
    assert taken_files(folder) == {"1.host:2,S"}
    later = Taker()
    assert fetch(folder, later) == 1
    assert later.subjects == ["2.host"]


def test_what_is_no_mail_is_left_alone_and_holds_up_none(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root:x:0:0")
    (folder / "new" / "0.link").symlink_to(secret)
    (folder / "new" / "1.folder").mkdir()
    os.mkfifo(folder / "new" / "2.pipe")
    deliver(folder, "3.host")
    taker = Taker()
    with pytest.raises(TransportError, match="3 of its mails"):
        fetch(folder, taker)
    assert taker.subjects == ["3.host"]
    assert caplog.text.count("cannot be read") == 3


def test_a_mail_that_is_moved_meanwhile_is_found_again(folder: Path) -> None:
    file = deliver(folder, "1.host")
    first = Taker()
    with Maildir(folder).opened() as mails:
        one = next(mails)
        file.rename(folder / "cur" / "1.host:2,S")
        one.put_away()
    assert fetch(folder, first) == 1


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="No such file"):
        fetch(tmp_path / "nowhere" / "box", Taker())
