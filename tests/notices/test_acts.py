"""Tests of what a person says of a notice, and of fetching one's address from outside."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.notices.site import URL, NotedSite, cases, clean
from tests.notices.tellers import notice_of
from tests.support import picture_bytes
from upload_guard.errors import UsageError
from upload_guard.notices.fetching import Outside
from upload_guard.notices.states import AddressState, NoticeState


def test_a_person_maps_an_address_by_hand(site: NotedSite) -> None:
    clean(site, "p.jpg", 27)
    number = site.desk.take(notice_of("https://blog.example.org/?p=7"))
    address = site.work(number).addresses[0]
    site.acts.map_to(number, address.id, f"file://{site.media}/p.jpg", "reviewer")
    found = site.work(number).addresses[0]
    assert found.state is AddressState.CASE
    assert cases(site).one(found.case).site == "blog"


@pytest.mark.parametrize(
    "locator",
    [
        "file:///etc/passwd",
        "file://{}/../x.jpg",
        "file://{}/%2e%2e/x.jpg",
        "s3://b/x",
        "{}",
        "https://x/",
        "",
    ],
)
def test_a_person_maps_to_no_place_outside(site: NotedSite, locator: str) -> None:
    number = site.desk.take(notice_of("https://blog.example.org/?p=8"))
    address = site.work(number).addresses[0]
    with pytest.raises(UsageError):
        site.acts.map_to(number, address.id, locator.format(site.media), "reviewer")


def test_nothing_is_fetched_where_that_is_off(site: NotedSite) -> None:
    number = site.desk.take(notice_of("https://elsewhere.example/b.jpg"))
    address = site.work(number).addresses[0]
    with pytest.raises(UsageError, match="fetch"):
        site.acts.fetch(number, address.id, "reviewer")


def test_what_a_person_has_read_can_close(site: NotedSite) -> None:
    number = site.desk.take(notice_of(reasons="the picture of the cat"))
    assert site.work(number).notice.state is NoticeState.PERSON
    site.acts.add(number, [URL + clean(site, "q.jpg", 28)], "reviewer")
    site.acts.all_read(number, "reviewer")
    seen = site.work(number)
    assert seen.notice.state is NoticeState.OPEN
    site.release(seen.addresses[0].case)
    assert site.work(number).notice.state is NoticeState.CLOSED


def test_a_word_on_one_address_settles_it_in_every_open_notice(site: NotedSite) -> None:
    url = "https://elsewhere.example/c.jpg"
    first, second = (site.desk.take(notice_of(url, email=f"{who}@example.org")) for who in "ab")
    site.work(first)
    site.acts.say(first, site.first(first).id, AddressState.NOT_OURS, "reviewer")
    assert site.file(second).notice.state is NoticeState.CLOSED


def test_what_is_in_a_case_is_settled_by_its_case_alone(site: NotedSite) -> None:
    number = site.tell(clean(site, "r.jpg", 29))
    address = site.work(number).addresses[0]
    with pytest.raises(UsageError):
        site.acts.say(number, address.id, AddressState.GONE, "reviewer")


# From outside -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A web server with one picture: a host by a name that only these tests know."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "a.jpg").write_bytes(picture_bytes(42))
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "http://shop.example", server.server_address[1]
    server.shutdown()
    server.server_close()


def test_what_is_fetched_gets_a_case_and_waits_for_a_person_once_it_is_confirmed(
    site: NotedSite, shop: tuple[str, int]
) -> None:
    host, port = shop
    outside = Outside(
        site.settings.spool_dir,
        5.0,
        1 << 20,
        allowed=lambda address: address == "127.0.0.1",
        resolve=lambda *_: ["127.0.0.1"],
        ports=frozenset({port}),
    )
    opener = replace(site.worker.opener, holdings={**site.worker.opener.holdings, "http": outside})
    fetching = replace(
        site, worker=replace(site.worker, opener=opener), acts=replace(site.acts, fetches=True)
    )
    number = fetching.desk.take(notice_of(f"{host}:{port}/a.jpg"))
    address = fetching.work(number).addresses[0]
    fetching.acts.fetch(number, address.id, "reviewer")
    found = fetching.work(number).addresses[0]
    assert cases(site).one(found.case).kept.there
    fetching.confirm(found.case)
    assert fetching.work(number).addresses[0].state is AddressState.UNMAPPED
    fetching.acts.say(number, address.id, AddressState.REMOVED, "reviewer")
    assert fetching.file(number).notice.state is NoticeState.CLOSED
