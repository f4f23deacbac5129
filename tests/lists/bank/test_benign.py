"""The benign bank as rows, and as a process keeps it."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path

import pytest

from tests.support import digests_of, fork, settings_in
from upload_guard.compose import open_benign
from upload_guard.errors import NotReady, StorageFailed
from upload_guard.lists.bank.bank import BankFile, BenignBank
from upload_guard.lists.bank.benign import BenignStore, vouched_file
from upload_guard.lists.bank.shipped import ShippedBank, shipped_bytes
from upload_guard.lists.live import Live
from upload_guard.records import BankScope, Signal, SignalType

LOOKS = [
    Signal(kind, bytes([number]) * kind.size) for kind in SignalType for number in (1, 2) if not kind.exact
]


@pytest.fixture
def bank(tmp_path: Path) -> BenignStore:
    return open_benign(settings_in(tmp_path, benign={"shipped": False}))


def file(text: str, site: str = "") -> BankFile:
    return vouched_file(f"{text}.png", digests_of(text.encode()), LOOKS, site)


def test_what_is_added_is_what_is_loaded(bank: BenignStore) -> None:
    assert bank.add(file("logo"), "ann")
    assert bank.load().files == (file("logo"),)


def test_a_sites_own_file_has_no_looks(bank: BenignStore) -> None:
    bank.add(file("logo", "blog"), "ann")
    (held,) = bank.load().files
    assert (held.scope, held.site, held.looks) == (BankScope.SITE, "blog", ())
    assert len(held.digests) == 3


def test_a_file_is_added_once_for_each_site(bank: BenignStore) -> None:
    added = [bank.add(file("logo", site), "ann") for site in ("", "", "blog", "blog", "shop")]
    assert added == [True, False, True, False, True]


def test_removing_takes_the_named_file_of_that_site_only(bank: BenignStore) -> None:
    for site in ("", "blog"):
        bank.add(file("logo", site), "ann")
    bank.add(file("other"), "ann")
    assert bank.remove(["logo.png"], "blog", "ann") == 1
    assert bank.remove(["nothing"], "", "ann") == 0
    assert [(one.name, one.site) for one in bank.show()] == [("logo.png", ""), ("other.png", "")]


def test_no_two_states_of_the_bank_have_one_name(bank: BenignStore) -> None:
    seen = [bank.generation()]
    for text in ("one", "two"):
        bank.add(file(text), "ann")
        seen.append(bank.generation())
    bank.remove(["two.png"], "", "ann")
    assert bank.generation() == seen[1]
    bank.add(file("three"), "ann")
    seen.append(bank.generation())
    bank.remove(["one.png"], "", "ann")
    seen.append(bank.generation())
    assert len(set(seen)) == len(seen)


def test_a_process_takes_over_what_has_changed(bank: BenignStore) -> None:
    live = Live("the benign bank", bank, look_every=0)
    assert live().files == ()
    bank.add(file("logo"), "ann")
    assert len(live().files) == 1
    assert live() is live()


class Failing:
    """A source that has answered and then fails."""

    def __init__(self, answers: int) -> None:
        self.answers = answers

    def generation(self) -> str:
        raise StorageFailed("the database is away")

    def load(self) -> BenignBank:
        if not self.answers:
            raise StorageFailed("the database is away")
        self.answers -= 1
        return BenignBank("first")


def test_without_a_bank_nothing_is_ready_and_a_later_fault_keeps_the_last() -> None:
    with pytest.raises(NotReady, match="the database is away"):
        Live("the benign bank", Failing(0))()
    live = Live("the benign bank", Failing(1), look_every=0)
    assert [live().generation for _ in range(3)] == ["first"] * 3


class Flaky(Failing):
    """Away from time to time."""

    def __init__(self) -> None:
        super().__init__(1)
        self.away = False

    def generation(self) -> str:
        return super().generation() if self.away else "first"


def test_a_fault_is_said_once_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    source = Flaky()
    live = Live("the benign bank", source, look_every=0)
    for away, alarms in ((False, 0), (True, 1), (False, 1), (True, 2)):
        source.away = away
        for _ in range(3):
            live()
        assert caplog.text.count("ALARM: the benign bank could not be loaded") == alarms


def test_a_child_forked_while_another_thread_looks_is_not_blocked(bank: BenignStore) -> None:
    live = Live("the benign bank", bank, look_every=0)
    live()
    with live._lock:
        child = fork()
        if child == 0:
            signal.alarm(60)
            bank.add(file("logo"), "ann")
            fresh = len(live().files) + len(live.look().files)
            os._exit(fresh)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2


def test_the_shipped_file_says_what_was_written(tmp_path: Path) -> None:
    files = [file("one"), file("two")]
    shipped = tmp_path / "bank.gz"
    shipped.write_bytes(shipped_bytes(files))
    assert shipped_bytes(files) == shipped.read_bytes()
    read = ShippedBank(shipped).files
    assert [(one.name, one.digests, one.looks) for one in read] == [
        (one.name, one.digests, one.looks) for one in files
    ]
    assert {one.scope for one in read} == {BankScope.SHIPPED}


@pytest.mark.parametrize("data", [b"", b"no gzip", shipped_bytes([file("one")])[:-9]])
def test_a_damaged_shipped_file_says_so(tmp_path: Path, data: bytes) -> None:
    shipped = tmp_path / "bank.gz"
    shipped.write_bytes(data)
    with pytest.raises(StorageFailed, match="is damaged"):
        _ = ShippedBank(shipped).files


def test_the_bank_that_is_shipped_knows_wordpress() -> None:
    files = ShippedBank().files
    names = {one.name for one in files}
    assert "wordpress-7.1.1/wp-includes/images/spinner.gif" in names
    assert any(name.startswith("wordpress-6.1.9/wp-content/themes/") for name in names)
    assert {name.split("/")[0] for name in names} == {
        f"wordpress-{release}" for release in ("6.1.9", "6.2.6", "6.3.5", "6.4.5", "6.5.5", "7.1.1")
    }
    # Each file once, however many releases have it.
    assert len({one.digests for one in files}) == len(files)
    assert all(
        dict(one.digests).keys() == {SignalType.MD5, SignalType.SHA1, SignalType.SHA256} for one in files
    )
