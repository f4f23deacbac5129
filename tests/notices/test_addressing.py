"""Tests of which addresses mean the same."""

from __future__ import annotations

import pytest

from upload_guard.notices.addressing import plain, url_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTPS://Example.org/a.jpg", "https://example.org/a.jpg"),
        ("https://example.org:443/a.jpg", "https://example.org/a.jpg"),
        ("https://example.org./a.jpg#top", "https://example.org/a.jpg"),
        ("https://user:word@example.org/a.jpg", "https://example.org/a.jpg"),
        ("https://bücher.example/a.jpg", "https://xn--bcher-kva.example/a.jpg"),
        ("https://example.org", "https://example.org/"),
    ],
    ids=["letters", "port", "fragment", "user", "idn", "root"],
)
def test_writings_of_one_address_are_the_same(one: str, other: str) -> None:
    assert url_key(one) == url_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/A.jpg", "https://example.org/a.jpg"),
        ("https://example.org/a.jpg?id=1", "https://example.org/a.jpg?id=2"),
        ("http://example.org:8080/a.jpg", "http://example.org/a.jpg"),
        ("http://example.org/a.jpg", "https://example.org/a.jpg"),
    ],
    ids=["path", "query", "port", "scheme"],
)
def test_what_a_server_may_tell_apart_is_not_the_same(one: str, other: str) -> None:
    assert url_key(one) != url_key(other)


@pytest.mark.parametrize("odd", ["http://[", "http://a:port/", "ftp://x/y", "no address", "http://\udcff/"])
def test_what_is_no_web_address_stays_as_it_was(odd: str) -> None:
    assert plain(odd) == odd or odd.startswith("http://\udcff")
    assert len(url_key(odd)) == 32
