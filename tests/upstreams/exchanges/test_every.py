"""What holds of every exchange, against a stand-in of its system: what came acts, and nothing bad does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import write_config
from tests.support import eventually
from tests.upstreams.exchanges.machine import KINDS, MANY, Machine, list_settings, machine
from tests.upstreams.stand_in import Asked, Reply, write_certificate
from tests.upstreams.standins.supply import Broken
from upload_guard.compose import stale_lists
from upload_guard.demo.servers import python
from upload_guard.errors import (
    CheckpointLost,
    ListHeld,
    UploadGuardError,
    UpstreamGarbled,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from upload_guard.loading import load_settings

PAGED = [kind for kind, supply in KINDS.items() if supply.paged]
CIRCULAR = [kind for kind in PAGED if kind != "hma"]


def every_page(reply: Broken) -> dict[int, Broken]:
    """Whichever is asked for next."""
    return dict.fromkeys(range(1, 9), reply)


@pytest.fixture(scope="module", params=KINDS)
def broken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Twelve hashes act; what comes then is bad, and changes nothing for the next test."""
    supply = KINDS[request.param]()
    with machine(supply, tmp_path_factory.mktemp(request.param), max_bytes="1 MiB") as ours:
        supply.hold(*MANY)
        ours.activate()
        yield ours


BAD = {
    "fault": (Reply(status=500), UpstreamUnreachable),
    "too many requests": (Reply(status=429), UpstreamUnreachable),
    "not let in": (Reply(status=401), UpstreamRefused),
    "forbidden": (Reply(status=403), UpstreamRefused),
    "page for people": (
        Reply(b"<html>Log in</html>", headers={"Content-Type": "text/html; charset=utf-8"}),
        UpstreamGarbled,
    ),
    "page for people that does not say so": (Reply(b"<html><body>Log in</body></html>"), UploadGuardError),
    "half": (Reply(b"<queryResult>{", announced=5000), UpstreamGarbled),
    "a part": (Reply(b"{}", status=206), UpstreamGarbled),
    "ten megabytes": (Reply(b" " * (10 << 20)), UpstreamGarbled),
    "elsewhere": (Reply(status=302, headers={"Location": "https://127.0.0.2/"}), UpstreamRefused),
    "nothing": (Reply(b""), UploadGuardError),
    "nonsense": (Reply(b"\x00\xff{[<"), UploadGuardError),
    "deep": (Reply(b'{"hashRecords":' + b"[" * 100_000), UploadGuardError),
    "another shape": (Reply(b'{"error": "not today"}'), UploadGuardError),
}


@pytest.mark.parametrize(("reply", "kind"), BAD.values(), ids=BAD.keys())
def test_a_bad_answer_leaves_the_old_version_and_an_alarm(
    broken: Machine, caplog: pytest.LogCaptureFixture, reply: Reply, kind: type[UploadGuardError]
) -> None:
    broken.supply.broken = every_page(reply)
    broken.fails(kind)
    broken.supply.broken.clear()
    assert broken.acting == [*MANY]
    assert "ALARM: list 'icse' was not brought up to date" in caplog.text
    assert broken.state.fault in caplog.text


def test_the_next_good_answer_ends_the_fault(broken: Machine) -> None:
    broken.supply.broken = every_page(Reply(status=500))
    broken.fails()
    broken.supply.broken.clear()
    broken.run()
    assert (broken.acting, broken.state.fault) == ([*MANY], "")


def test_whoever_is_sent_elsewhere_asks_nothing_there(broken: Machine) -> None:
    sent = []

    def elsewhere(asked: Asked) -> Reply:
        sent.append(asked)
        return Reply(status=307, headers={"Location": broken.service.url.replace("127.0.0.1", "localhost")})

    broken.supply.broken = every_page(elsewhere)
    broken.service.asked.clear()
    broken.fails(UpstreamRefused, "another host")
    broken.supply.broken.clear()
    assert {asked.headers["Host"].partition(":")[0] for asked in broken.service.asked} == {"127.0.0.1"}
    assert sent


def test_a_list_that_is_not_brought_up_to_date_becomes_stale_and_goes_on_working(broken: Machine) -> None:
    broken.supply.broken = every_page(Reply(status=500))
    broken.fails()
    broken.supply.broken.clear()
    own = broken.settings.lists["icse"]
    assert own.exchange is not None
    hasty = own.model_copy(update={"exchange": own.exchange.model_copy(update={"stale_hours": 1e-6})})
    settings = broken.settings.model_copy(update={"lists": {"icse": hasty}})
    assert eventually(lambda: stale_lists(settings) == ("icse",))
    assert broken.acting == [*MANY]


def test_a_list_that_shrinks_by_half_is_held_and_acts_as_before_once_it_is_back(broken: Machine) -> None:
    for number in range(1, 10):
        broken.supply.withdraw(number)
    broken.fails(ListHeld)
    assert len(broken.acting) >= len(MANY) // 2
    broken.supply.return_all(range(1, 10))
    broken.run()
    assert broken.acting == [*MANY]


# Below what is a list


@pytest.mark.parametrize("kind", KINDS)
def test_a_slow_drip_ends_at_the_deadline(tmp_path: Path, kind: str) -> None:
    supply = KINDS[kind]()
    supply.broken = {1: Reply(b"<queryResult>" + b" " * 500, drip=True)}
    with machine(supply, tmp_path) as ours, pytest.raises(UpstreamTimeout):
        ours.fetch(timeout=0.4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_that_nobody_vouches_for_is_refused_and_no_key_sent(tmp_path: Path, kind: str) -> None:
    certificate = write_certificate(tmp_path / "pem", "127.0.0.1")
    supply = KINDS[kind]()
    supply.hold(*MANY)
    with machine(supply, tmp_path, certificate) as ours:
        with pytest.raises(UpstreamUnreachable, match="certificate"):
            ours.fetch()
        assert ours.service.asked == []
        assert ours.fetch(ca_file=certificate)


# What comes acts


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_listed_acts_and_what_is_withdrawn_does_not(tmp_path: Path, kind: str) -> None:
    supply = KINDS[kind]()
    with machine(supply, tmp_path) as ours:
        supply.hold(*MANY)
        ours.activate()
        assert ours.acting == [*MANY]
        supply.withdraw(3)
        supply.hold(20, 21)
        report = ours.run()
        assert report.waits == ""
        assert ours.acting == [1, 2, *range(4, 13), 20, 21]
        assert ours.run().is_new is False


@pytest.mark.parametrize("kind", [kind for kind, supply in KINDS.items() if supply.names_withdrawn])
def test_what_is_withdrawn_stops_acting_although_the_rest_of_the_run_fails(tmp_path: Path, kind: str) -> None:
    supply = KINDS[kind]()
    with machine(supply, tmp_path) as ours:
        supply.hold(*MANY)
        ours.activate()
        supply.withdraw(3)
        supply.hold(*range(20, 40))
        told: list[Asked] = []

        def once(asked: Asked) -> Reply:
            told.append(asked)
            return Reply(status=500) if len(told) > 1 else supply.page(asked, supply.page_of(asked))

        supply.broken = every_page(once)
        ours.fails(UpstreamUnreachable)
        assert ours.acting == [1, 2, *range(4, 13)]


# Going on


def numbers_of(kind: str) -> range:
    """Enough for three pages."""
    return range(1, 221) if kind == "hma" else MANY


@pytest.mark.parametrize("kind", PAGED)
def test_a_killed_run_is_gone_on_with_from_its_last_page(tmp_path: Path, kind: str) -> None:
    supply = KINDS[kind]()
    with machine(supply, tmp_path) as ours:
        supply.hold(*numbers_of(kind))
        supply.broken = {2: Reply(b" " * 100, drip=True)}
        config = config_of(ours, tmp_path)
        command = python("upload_guard", "--config", str(config), "sync", "run", "icse")
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            assert eventually(lambda: 2 in supply.pages)
            process.kill()
        supply.broken.clear()
        supply.pages.clear()
        ours.settings = load_settings(config)
        report = ours.run()
        assert supply.pages[0] == 2
        assert report.version.entries == len(numbers_of(kind))


def config_of(ours: Machine, folder: Path) -> Path:
    own = list_settings(ours.supply, ours.service.url)
    sections = {"actions": own["actions"], "exchange": own["exchange"]}
    tables = {f"lists.icse.{name}": table for name, table in sections.items()}
    return write_config(folder / "config.toml", tables, data_dir="data")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", CIRCULAR)
def test_pages_in_a_circle_end(tmp_path: Path, kind: str) -> None:
    supply = KINDS[kind]()
    with machine(supply, tmp_path) as ours:
        supply.hold(*MANY)
        supply.broken = {2: supply.circle}
        with pytest.raises(UpstreamGarbled):
            ours.fetch()
        assert supply.pages == [1, 2]


@pytest.mark.parametrize("status", [410, 500])
@pytest.mark.parametrize("kind", ["ncmec", "stopncii"])
def test_a_place_that_is_forgotten_begins_the_same_round_again(
    tmp_path: Path, kind: str, status: int
) -> None:
    supply = KINDS[kind]()
    with machine(supply, tmp_path) as ours:
        supply.hold(*MANY)
        supply.broken = {2: Reply(status=500)}
        ours.fails(UpstreamUnreachable)
        forgotten = [Reply(status=status)]
        supply.broken = {2: lambda asked: forgotten.pop() if forgotten else supply.page(asked, 2)}
        supply.pages.clear()
        assert ours.run().version.entries == len(MANY)
        assert supply.pages == [2, 1, 2, 3]


def test_a_time_that_is_forgotten_begins_the_list_again(tmp_path: Path) -> None:
    supply = KINDS["tat"]()
    with machine(supply, tmp_path) as ours:
        supply.hold(*MANY)
        supply.broken = {2: Reply(status=500)}
        ours.fails(UpstreamUnreachable)
        supply.broken = {2: Reply(status=410)}
        ours.fails(CheckpointLost)
        supply.broken.clear()
        supply.pages.clear()
        assert ours.run().version.entries == len(MANY)
        assert supply.pages == [1, 2, 3]
