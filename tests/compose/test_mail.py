"""Mail of a whole installation: what comes in is a notice, and who told of it gets a letter."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from tests.mailing.post import PostBox, post_office
from tests.notices.mail.imap_server import Imap, mail_house
from tests.notices.mail.odd_mails import ODD_MAILS, ONE, mail
from tests.quarantine.deciding.test_decisions import House, house_in
from upload_guard.compose.mail import mailbox_jobs, open_fetchers
from upload_guard.compose.outbox import outbox_jobs
from upload_guard.notices.mail.reading import read_mail
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.outbox_tables import OutboxMessage


def maildir(folder: Path) -> Path:
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(parents=True)
    return folder


def run(house: House, *names: str) -> None:
    database = house.decisions.database
    jobs = (*outbox_jobs(house.settings, database), *mailbox_jobs(house.settings, database))
    by_name = {job.name: job for job in jobs}
    for name in names:
        by_name[name].run()


def test_every_odd_mail_gets_a_row_and_none_is_lost(tmp_path: Path) -> None:
    box = maildir(tmp_path / "box")
    # Mails of one sender, one reference and one text are one notice: each has a Message-ID of its own here.
    mails = [odd for odd in ODD_MAILS if odd.name != "more than are taken"]
    for number, odd in enumerate(mails):
        raw = odd.raw.replace(b"<1@example.net>", b"<%d@odd.example.net>" % number, 1)
        (box / "new" / f"{number:03}.host").write_bytes(raw)
    house = house_in(tmp_path / "data", mailboxes={"abuse": {"maildir": str(box)}})
    run(house, "mailbox-abuse")
    with house.decisions.database.session() as session:
        notices = session.scalars(select(Notice)).all()
        addresses = session.scalars(select(NoticeAddress)).all()
    assert len(notices) == len(mails)
    assert sum(len(odd.urls) for odd in mails) == len(addresses)
    assert len(list((box / ".Taken" / "cur").iterdir())) == len(mails)


def test_killed_between_keeping_a_mail_and_putting_it_away_there_is_one_notice(tmp_path: Path) -> None:
    box = maildir(tmp_path / "box")
    (box / "new" / "1.host").write_bytes(mail(f"see {ONE}"))
    house = house_in(tmp_path / "data", mailboxes={"abuse": {"maildir": str(box)}})
    (fetcher,) = open_fetchers(house.settings)
    with fetcher.mailbox.opened() as mails:
        one = next(mails)
        number = fetcher.take(read_mail(one.raw, one.received_at, fetcher.own))
    assert fetcher.run() == 1
    with house.decisions.database.session() as session:
        assert [row.number for row in session.scalars(select(Notice))] == [number]


def test_who_tells_by_mail_gets_a_receipt_that_nobody_can_read_on_the_way(tmp_path: Path) -> None:
    imap, post = Imap(), PostBox()
    imap.deliver(mail(f"Please take away {ONE}"))
    with mail_house(imap) as house_of_mail, post_office(post) as server:
        house = house_in(
            tmp_path,
            mail={
                "server": server.host,
                "port": server.port,
                "security": "none",
                "sender": "Abuse desk <abuse@example.org>",
            },
            mailboxes={
                "abuse": {
                    "server": house_of_mail.host,
                    "port": house_of_mail.port,
                    "security": "none",
                    "user": house_of_mail.user,
                    "password": house_of_mail.password,
                }
            },
        )
        run(house, "mailbox-abuse", "outbox")
        with house.decisions.database.session() as session:
            rows = [f"{row.recipient} {row.body}" for row in session.scalars(select(OutboxMessage))]
        assert len(rows) == 1
        assert "ann" not in rows[0]
        run(house, "outbox-letters")
    (receipt,) = post.mails
    assert (receipt["To"], receipt["In-Reply-To"]) == ("ann@example.net", "<1@example.net>")
    assert receipt["Auto-Submitted"] == "auto-replied"


def test_a_letter_to_ourselves_would_go_round_and_is_never_written(tmp_path: Path) -> None:
    imap, post = Imap(), PostBox()
    imap.deliver(mail(f"see {ONE}", "From: <abuse@example.org>"))
    with mail_house(imap) as house_of_mail, post_office(post) as server:
        own = {"security": "none", "server": server.host}
        house = house_in(
            tmp_path,
            mail=own | {"port": server.port, "sender": "abuse@example.org"},
            mailboxes={
                "abuse": own
                | {"port": house_of_mail.port, "user": "abuse@example.org", "password": imap.password}
            },
        )
        run(house, "mailbox-abuse", "outbox", "outbox-letters")
    assert post.mails == []


def test_without_mailboxes_nothing_is_opened(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    assert open_fetchers(house.settings) == ()
    assert mailbox_jobs(house.settings, house.decisions.database) == ()
