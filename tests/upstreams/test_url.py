"""A list at an address, through the whole of a run: what the stand-in does, and what acts afterwards."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.lists.sync.exchanges import md5, numbers
from tests.support import settings_in
from tests.upstreams.stand_in import Asked, Reply, StandIn, stand_in
from upload_guard.compose import build_sync, exchange_states, open_lists
from upload_guard.errors import (
    CheckpointLost,
    ListError,
    ListHeld,
    UploadGuardError,
    UpstreamGarbled,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from upload_guard.lists.sync.rows import ExchangeState
from upload_guard.lists.sync.run import FOLDER, SyncReport
from upload_guard.settings import Settings
from upload_guard.upstreams.url import signature_of

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
MANY = range(1, 21)


def lines(held: range | list[int]) -> bytes:
    """A plain list."""
    return "".join(f"{md5(number).value.hex()}\n" for number in held).encode()


def json_lines(held: range | list[int], category: str = "baseline") -> bytes:
    text = '{{"type": "md5", "value": "{}", "category": "{}"}}\n'
    return "".join(text.format(md5(number).value.hex(), category) for number in held).encode()


@dataclass
class Site:
    """A machine that fetches the list "icse" from a stand-in."""

    service: StandIn
    settings: Settings

    def run(self) -> SyncReport:
        return build_sync(self.settings, "icse", "ann").run()

    def fails(self, kind: type[UploadGuardError], words: str | None = None) -> None:
        with pytest.raises(kind, match=words):
            self.run()

    def gives(self, reply: Reply | Callable[[Asked], Reply], path: str = "/list") -> None:
        self.service.replies[path] = reply

    @property
    def acting(self) -> list[int]:
        return numbers(open_lists(self.settings).order().entries())

    @property
    def state(self) -> ExchangeState:
        return exchange_states(self.settings)["icse"]


def site_in(folder: Path, service: StandIn, public_key: str = "", **exchange: object) -> Site:
    own = {"url": f"{service.url}/list", "origin": "interpol", "category": "baseline", **exchange}
    lists = {"icse": {"public_key": public_key, "exchange": own}}
    return Site(service, settings_in(folder, lists=lists))


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


@pytest.fixture
def site(service: StandIn, tmp_path: Path) -> Site:
    """Twenty hashes active."""
    site = site_in(tmp_path, service, max_bytes="1 MiB", timeout=20)
    site.gives(Reply(lines(MANY)))
    site.run()
    open_lists(site.settings).activate("icse", 1, "bob")
    return site


FORMS = {
    "plain": lines([1, 2]),
    "with types": b"md5 " + lines([1]) + b"# a comment\r\nmd5 " + lines([2]),
    "csv": b"md5,category\n" + lines([1]).strip() + b",baseline\n" + lines([2]).strip() + b",baseline\n",
    "jsonl": json_lines([1, 2]),
    "a file of gzip": gzip.compress(lines([1, 2])),
}


@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS.keys())
def test_every_form_that_can_be_imported_can_be_fetched(
    service: StandIn, tmp_path: Path, body: bytes
) -> None:
    site = site_in(tmp_path, service)
    site.gives(Reply(body))
    assert site.run().version.counts == {"md5": 2}
    assert numbers(open_lists(site.settings).entries("icse", 1)) == [1, 2]


def test_what_is_new_acts_and_what_is_no_longer_listed_does_not(site: Site) -> None:
    site.gives(Reply(lines(range(2, 22))))
    assert site.run().waits == ""
    assert site.acting == [*range(2, 22)]


def test_nothing_of_an_answer_is_left_on_disk_but_what_is_staged(site: Site) -> None:
    left = {file.name for file in (site.settings.lists_dir / FOLDER).iterdir()}
    assert left == {"icse.lock", "icse.staging"}


BAD = {
    "fault": (Reply(status=500), UpstreamUnreachable),
    "page for people": (
        Reply(b"<html>Log in", headers={"Content-Type": "text/html; charset=x"}),
        UpstreamGarbled,
    ),
    "page for people that does not say so": (Reply(b"<html><body>Log in</body></html>"), ListError),
    "half": (Reply(lines(MANY)[:300], announced=660), UpstreamGarbled),
    "cut inside a hash": (Reply(lines(MANY)[:-10]), ListError),
    "half of a gzip file": (Reply(gzip.compress(lines(MANY))[:-9]), UpstreamGarbled),
    "gzip bomb": (Reply(gzip.compress(lines([1]) * 100_000)), UpstreamGarbled),
    "ten megabytes": (Reply(lines([1]) * 320_000), UpstreamGarbled),
    "elsewhere": (Reply(status=301, headers={"Location": "https://127.0.0.2/list"}), UpstreamRefused),
    "nothing in it": (Reply(b""), ListError),
    "comments only": (Reply(b"# under construction\n"), ListError),
    "next page elsewhere": (
        Reply(lines(MANY), headers={"Link": '<http://127.0.0.2/list>; rel="next"'}),
        UpstreamRefused,
    ),
    "a page that is its own next": (
        Reply(lines(MANY), headers={"Link": '</list>; rel="next"'}),
        UpstreamGarbled,
    ),
}


@pytest.mark.parametrize(("reply", "kind"), BAD.values(), ids=BAD.keys())
def test_a_bad_answer_leaves_the_old_version_and_an_alarm(
    site: Site, caplog: pytest.LogCaptureFixture, reply: Reply, kind: type[UploadGuardError]
) -> None:
    site.gives(reply)
    site.fails(kind)
    assert site.acting == [*MANY]
    assert "ALARM: list 'icse' was not brought up to date" in caplog.text
    assert site.state.fault in caplog.text
    site.gives(Reply(lines(range(1, 22))))
    site.run()
    assert (site.acting, site.state.fault) == ([*range(1, 22)], "")


def test_a_list_that_drips_ends_at_the_deadline(service: StandIn, tmp_path: Path) -> None:
    site = site_in(tmp_path, service, timeout=0.4)
    site.gives(Reply(lines(MANY), drip=True))
    site.fails(UpstreamTimeout)


@pytest.mark.parametrize("now", [range(1, 9), range(1, 300)], ids=["shrunk", "grown"])
def test_a_list_that_shrinks_by_half_or_grows_tenfold_is_held(
    site: Site, now: range, caplog: pytest.LogCaptureFixture
) -> None:
    site.gives(Reply(lines(now)))
    site.fails(ListHeld)
    assert site.acting == [*MANY]
    assert "ALARM" in caplog.text


def test_a_fault_names_the_address_and_the_line_and_no_key(service: StandIn, tmp_path: Path) -> None:
    site = site_in(tmp_path, service, url=f"{service.url}/list?key=secret")
    site.gives(Reply(lines([1]) + b"nonsense\n"), "/list?key=secret")
    site.fails(ListError, f"^{service.url}/list:2: is no hash: 'nonsense' is not hexadecimal$")
    assert site.service.paths == ["/list?key=secret"]


# What is the same need not come again


def test_a_list_with_an_etag_is_asked_for_with_it(service: StandIn, tmp_path: Path) -> None:
    def by_tag(asked: Asked) -> Reply:
        if asked.headers.get("If-None-Match") == '"one"':
            return Reply(status=304)
        return Reply(lines(MANY), headers={"ETag": '"one"'})

    site = site_in(tmp_path, service)
    site.gives(by_tag)
    assert site.run().pages == 1
    report = site.run()
    assert (report.pages, report.is_new) == (0, False)
    assert [one.headers.get("If-None-Match") for one in service.asked] == [None, '"one"']


def test_a_list_with_a_date_is_asked_for_with_it(service: StandIn, tmp_path: Path) -> None:
    site, date = site_in(tmp_path, service), "Thu, 26 Nov 2026 00:00:00 GMT"
    site.gives(Reply(lines(MANY), headers={"Last-Modified": date}))
    site.run()
    site.run()
    assert service.asked[1].headers["If-Modified-Since"] == date


def test_a_list_without_either_makes_no_version_while_it_is_the_same(site: Site) -> None:
    site.gives(Reply(lines([*reversed(MANY)])))
    assert site.run().is_new is False


# Pages


def paged(site: Site, *pages: Reply) -> None:
    """At /list, /list/2, /list/3, each naming the next."""
    for number, reply in enumerate(pages, start=1):
        link = {"Link": f'</list/{number + 1}>; rel="next"'} if number < len(pages) else {}
        site.gives(
            Reply(reply.body, reply.status, {**link, **reply.headers}),
            "/list" if number == 1 else f"/list/{number}",
        )


def test_all_pages_are_one_version(site: Site) -> None:
    paged(site, Reply(json_lines(MANY)), Reply(json_lines([21])), Reply(json_lines([22, 1])))
    assert site.run().pages == 3
    assert site.acting == [*MANY, 21, 22]


def test_pages_that_are_no_more_take_their_hashes_along(site: Site) -> None:
    paged(site, Reply(json_lines(MANY)), Reply(json_lines([21])))
    site.run()
    paged(site, Reply(json_lines(MANY)))
    site.run()
    assert site.acting == [*MANY]


def test_when_page_two_fails_the_next_run_goes_on_there(site: Site) -> None:
    paged(site, Reply(json_lines(MANY)), Reply(status=500), Reply(json_lines([22])))
    site.fails(UpstreamUnreachable)
    assert '"/list/2"'.strip('"') in site.state.checkpoint
    assert site.acting == [*MANY]
    site.service.asked.clear()
    paged(site, Reply(json_lines(MANY)), Reply(json_lines([21])), Reply(json_lines([22])))
    site.run()
    assert site.service.paths == ["/list/2", "/list/3"]
    assert site.acting == [*MANY, 21, 22]


def test_when_page_one_changed_meanwhile_the_list_begins_from_the_start(site: Site) -> None:
    paged(site, Reply(json_lines(MANY), headers={"ETag": '"one"'}), Reply(status=500))
    site.fails(UpstreamUnreachable)
    paged(site, Reply(json_lines([21, *MANY]), headers={"ETag": '"two"'}), Reply(json_lines([22])))
    site.service.asked.clear()
    site.run()
    assert site.service.paths == ["/list", "/list/2"]
    assert site.acting == [*MANY, 21, 22]


def test_when_page_two_is_gone_the_list_begins_from_the_start(site: Site) -> None:
    paged(site, Reply(json_lines(MANY)), Reply(status=410))
    site.fails(CheckpointLost, "status 410: the list begins from the start")
    assert site.acting == [*MANY]
    paged(site, Reply(json_lines([*MANY, 21])))
    site.run()
    assert site.acting == [*MANY, 21]


# Signatures


def signed(site: Site, body: bytes, signature: bytes | None = None) -> None:
    site.gives(Reply(body))
    site.gives(Reply(KEY.sign(body) if signature is None else signature), "/list.sig")


@pytest.fixture
def keyed(service: StandIn, tmp_path: Path) -> Site:
    """The same with a key."""
    site = site_in(tmp_path, service, PUBLIC)
    signed(site, lines(MANY))
    site.run()
    open_lists(site.settings).activate("icse", 1, "bob")
    return site


def test_a_good_signature_lets_a_list_in(keyed: Site) -> None:
    signed(keyed, lines(range(1, 22)))
    keyed.run()
    assert keyed.acting == [*range(1, 22)]


def test_what_was_signed_may_be_a_file_of_gzip(keyed: Site) -> None:
    signed(keyed, gzip.compress(lines(range(1, 22))))
    keyed.run()
    assert keyed.acting == [*range(1, 22)]


@pytest.mark.parametrize(
    "signature",
    [KEY.sign(lines(MANY)), bytes(64), b"", b"<html>"],
    ids=["of another", "null", "none", "html"],
)
def test_a_bad_signature_leaves_the_old_version(
    keyed: Site, signature: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    signed(keyed, lines(range(1, 22)), signature)
    keyed.fails(ListError, "signature")
    assert keyed.acting == [*MANY]
    assert "ALARM" in caplog.text


def test_a_missing_signature_leaves_the_old_version(keyed: Site) -> None:
    signed(keyed, lines(range(1, 22)))
    del keyed.service.replies["/list.sig"]
    keyed.fails(UpstreamRefused, "list.sig answered with status 404")
    assert keyed.acting == [*MANY]


def test_a_signed_list_in_pages_is_refused_since_nobody_signed_their_number(keyed: Site) -> None:
    signed(keyed, lines(range(1, 22)))
    keyed.gives(Reply(lines(range(1, 22)), headers={"Link": '</list/2>; rel="next"'}))
    keyed.fails(ListError, "must come in one piece")
    assert keyed.acting == [*MANY]


def test_a_signature_lies_beside_its_file() -> None:
    assert signature_of("https://host/a/list.csv?day=1") == "https://host/a/list.csv.sig?day=1"


def test_another_key_is_another_list_to_fetch(keyed: Site, tmp_path: Path) -> None:
    keyed.gives(Reply(lines(MANY), headers={"ETag": '"one"'}))
    keyed.run()
    other = site_in(tmp_path, keyed.service, bytes(range(32)).hex())
    keyed.service.asked.clear()
    other.fails(ListError, "signature")
    assert "If-None-Match" not in keyed.service.asked[0].headers
