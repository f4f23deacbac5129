"""Tests of the way from an address to a file: it never leaves the folder, and misses no writing of a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from upload_guard.errors import HoldingsUnreachable
from upload_guard.notice_settings import IncomingSiteSettings
from upload_guard.notices.mapping import Mapper, SiteRules, hosts_of, of_hosts

RULES = IncomingSiteSettings(
    paths={
        "https://blog.example.org/media/": "/srv/media",
        "https://blog.example.org/media/big/": "s3://pictures/big",
        "http://cdn.example.org:8080/": "/srv/cdn/",
        "https://bücher.example/": "/srv/books",
        "https://blog.example.org/m%C3%A9dia/": "/srv/accents",
    }
)
MAPPER = Mapper((SiteRules.of("blog", RULES),))


def first(url: str, mapper: Mapper = MAPPER) -> str:
    place = mapper.place(url)
    return place.locators[0] if place else ""


@pytest.mark.parametrize(
    ("url", "locator"),
    [
        ("https://blog.example.org/media/2026/a.jpg", "file:///srv/media/2026/a.jpg"),
        ("http://blog.example.org/media/a.jpg", "file:///srv/media/a.jpg"),
        ("HTTPS://Blog.Example.ORG:443/media/a.jpg?v=2#x", "file:///srv/media/a.jpg"),
        ("https://user:word@blog.example.org/media/a.jpg", "file:///srv/media/a.jpg"),
        ("https://blog.example.org/media/a%20b.jpg", "file:///srv/media/a%20b.jpg"),
        ("https://blog.example.org/%6dedia/a.jpg", "file:///srv/media/a.jpg"),
        ("https://blog.example.org/media/%C3%A9.jpg", "file:///srv/media/%C3%A9.jpg"),
        ("https://blog.example.org/media/%252e%252e/a.jpg", "file:///srv/media/%252e%252e/a.jpg"),
        ("https://blog.example.org/x/../media/./a.jpg", "file:///srv/media/a.jpg"),
        ("https://blog.example.org/media/big/a.jpg", "s3://pictures/big/a.jpg"),
        ("http://cdn.example.org:8080/a.jpg", "file:///srv/cdn/a.jpg"),
        ("https://xn--bcher-kva.example/a.jpg", "file:///srv/books/a.jpg"),
        ("https://BÜCHER.example/a.jpg", "file:///srv/books/a.jpg"),
        ("https://blog.example.org/médi%61/a.jpg", "file:///srv/accents/a.jpg"),
    ],
)
def test_an_address_names_its_file(url: str, locator: str) -> None:
    assert first(url) == locator


@pytest.mark.parametrize(
    "url",
    [
        "https://blog.example.org/media/../secret.jpg",
        "https://blog.example.org/media/%2e%2e/secret.jpg",
        "https://blog.example.org/media/a/../../secret.jpg",
        "https://blog.example.org/media/..%2f..%2fetc%2fpasswd",
        "https://blog.example.org/media/..\\..\\secret.jpg",
        "https://blog.example.org/media/%5c..%5csecret.jpg",
        "https://blog.example.org/media/a.jpg%00.png",
        "https://blog.example.org/media/a%0a.jpg",
        "https://blog.example.org/media/%ff.jpg",
        "https://blog.example.org/media//etc/a.jpg",
        "https://blog.example.org/media/.env",
        "https://blog.example.org/media/.git/a.jpg",
        "https://blog.example.org/media/page.PHP?id=1",
        "https://blog.example.org/media/",
        "https://blog.example.org/media/a/..",
        "https://blog.example.org/mediaa.jpg",
        "https://other.example.org/media/a.jpg",
        "https://blog.example.org.evil.example/media/a.jpg",
        "https://blog.example.org@evil.example/media/a.jpg",
        "https://blog.example.org:8443/media/a.jpg",
        "ftp://blog.example.org/media/a.jpg",
        "file:///srv/media/a.jpg",
        "http://[/media/a.jpg",
        "no address",
    ],
)
def test_what_no_rule_names_for_certain_is_for_a_person(url: str) -> None:
    assert MAPPER.place(url) is None


def test_a_smaller_size_leads_to_its_picture_too() -> None:
    place = MAPPER.place("https://blog.example.org/media/a-300x200.jpg?x=1")
    assert place is not None
    assert place.locators == (
        "file:///srv/media/a-300x200.jpg",
        "file:///srv/media/a.jpg",
        "file:///srv/media/a-scaled.jpg",
    )
    assert place.originals == (
        "https://blog.example.org/media/a.jpg",
        "https://blog.example.org/media/a-scaled.jpg",
    )


def test_accents_are_looked_for_as_either_system_writes_them() -> None:
    place = MAPPER.place("https://blog.example.org/media/%C3%A9.jpg")
    assert place is not None
    assert "file:///srv/media/e%CC%81.jpg" in place.locators


def test_a_server_that_ignores_case_finds_the_file_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "Album").mkdir()
    (tmp_path / "Album" / "Photo.JPG").touch()
    own = IncomingSiteSettings(paths={"https://x.example/Media/": str(tmp_path)}, ignore_case=True)
    place = Mapper((SiteRules.of("x", own),)).place("https://x.example/media/album/photo.jpg")
    assert place is not None
    assert f"file://{tmp_path}/Album/Photo.JPG" in place.locators


def test_what_no_beginning_names_is_asked_of_a_hook() -> None:
    rules = SiteRules.of("shop", RULES, [lambda url: "s3://shop/1" if "id=1" in url else None])
    mapper = Mapper((rules,))
    assert first("https://shop.example/show.php?id=1", mapper) == "s3://shop/1"
    assert first("https://shop.example/show.php?id=2", mapper) == ""


def test_a_finder_that_is_silent_is_asked_again_unless_another_knows() -> None:
    def silent(_url: str) -> str:
        raise HoldingsUnreachable("no answer")

    with pytest.raises(HoldingsUnreachable):
        Mapper((SiteRules.of("a", RULES, [silent]),)).place("https://shop.example/1")
    both = Mapper((SiteRules.of("a", RULES, [silent, lambda _: "s3://shop/1"]),))
    assert first("https://shop.example/1", both) == "s3://shop/1"


def test_a_wordpress_is_asked_for_addresses_of_its_own_hosts_alone() -> None:
    asked: list[str] = []
    own = IncomingSiteSettings(wordpress="https://www.blog.example", paths={"https://cdn.example/": "/srv"})
    find = of_hosts(hosts_of(own), asked.append)
    mine = ["http://blog.example/a.jpg", "https://WWW.blog.example:8443/b.jpg", "https://cdn.example/c.jpg"]
    for url in (*mine, "https://shop.example/d.jpg", "https://blog.example.evil/e.jpg", "no address"):
        find(url)
    assert asked == mine


def test_one_that_is_reached_over_loopback_may_have_any_host() -> None:
    own = IncomingSiteSettings(wordpress="http://127.0.0.1:8080")
    assert of_hosts(hosts_of(own), lambda _: "wordpress://blog/1")("https://blog.example/a.jpg")
