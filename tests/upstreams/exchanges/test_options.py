"""Which options an exchange of each kind takes, needs and refuses, and that no key of it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from upload_guard.errors import ConfigError
from upload_guard.loading import load_settings
from upload_guard.upstreams.choose import exchange_of
from upload_guard.upstreams.exchanges.hma import HmaExchange
from upload_guard.upstreams.exchanges.ncmec import NcmecExchange
from upload_guard.upstreams.exchanges.stopncii import StopNciiExchange
from upload_guard.upstreams.exchanges.tat import TatExchange
from upload_guard.upstreams.exchanges.upload_guard import GuardExchange
from upload_guard.upstreams.folder import FolderExchange
from upload_guard.upstreams.url import UrlExchange

LOGIN = {"user": "site", "password": "k-secret"}
OPTIONS: dict[str, dict[str, Any]] = {
    "url": {},
    "folder": {"url": "file:///srv/lists"},
    "ncmec": LOGIN,
    "stopncii": {"subscription_key": "k-sub", "function_key": "k-fetch"},
    "tat": LOGIN,
    "hma": {"remote_name": "TEST_BANK"},
    "upload_guard": {"remote_name": "icse", "key_id": "key", "secret": "k-secret"},
}
BUILT = {
    "url": UrlExchange,
    "folder": FolderExchange,
    "ncmec": NcmecExchange,
    "stopncii": StopNciiExchange,
    "tat": TatExchange,
    "hma": HmaExchange,
    "upload_guard": GuardExchange,
}


def exchange(kind: str, **options: object) -> dict[str, Any]:
    own = {"kind": kind, "url": "https://lists.example.org/api/", "origin": "x", **OPTIONS[kind], **options}
    return {"icse": {"exchange": own}}


def fault(kind: str, **options: object) -> str:
    with pytest.raises(ConfigError) as told:
        load_settings(lists=exchange(kind, **options))
    return str(told.value)


@pytest.mark.parametrize("kind", OPTIONS)
def test_each_kind_is_an_exchange_of_its_own(tmp_path: Path, kind: str) -> None:
    own = load_settings(lists=exchange(kind)).lists["icse"].exchange
    assert own is not None
    built = exchange_of(own, "", tmp_path)
    assert isinstance(built, BUILT[kind])
    assert len(built.source) <= 255
    assert "k-" not in f"{built!r} {own!r} {built.source}"


@pytest.mark.parametrize(
    ("kind", "lacking"),
    [(kind, name) for kind, options in OPTIONS.items() for name in options if name != "url"],
)
def test_what_a_kind_needs_has_to_be_given(kind: str, lacking: str) -> None:
    line = fault(kind, **{lacking: ""})
    assert lacking in line or "both user and password" in line


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        ("url", {"members": ["1"]}),
        ("url", {"secret": "k"}),
        ("ncmec", {"format": "csv"}),
        ("tat", {"dissent": 1}),
        ("stopncii", {"user": "site", "password": "k"}),
        ("hma", {"key_id": "key"}),
        ("upload_guard", {"gap": 3}),
        ("folder", {"bearer": "k"}),
    ],
)
def test_what_is_for_another_kind_is_refused(kind: str, option: dict[str, Any]) -> None:
    assert f"a table without {next(iter(option))}, which is for the kind " in fault(kind, **option)


@pytest.mark.parametrize("key", ["k-s€cret", "k-secret\nX: b"], ids=["no ASCII", "two lines"])
@pytest.mark.parametrize(
    ("kind", "option"), [("hma", "bearer"), ("stopncii", "function_key"), ("stopncii", "subscription_key")]
)
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(kind: str, option: str, key: str) -> None:
    line = fault(kind, **{option: key})
    assert f"{option}: must be a key of ASCII" in line
    assert "k-s" not in line


@pytest.mark.parametrize("kind", ["ncmec", "stopncii", "tat", "hma", "upload_guard"])
def test_keys_go_by_https_only_and_to_an_address_without_a_query(kind: str) -> None:
    for url in ("http://lists.example.org/api", "https://lists.example.org/api?key=1"):
        assert "an https url without a query, since keys go there" in fault(kind, url=url)


def test_the_address_fits_the_kind() -> None:
    assert 'kind "folder", and for no other' in fault("ncmec", url="file:///srv/lists")
    assert 'kind "folder", and for no other' in fault("folder", url="https://lists.example.org")


@pytest.mark.parametrize("kind", ["url", "tat", "hma", "upload_guard"])
def test_feedback_is_for_those_that_take_any(kind: str) -> None:
    assert "of exchanges folder, ncmec, stopncii take any" in fault(kind, feedback=True)


def test_feedback_to_stopncii_needs_the_key_of_that_function() -> None:
    assert "feedback_key" in fault("stopncii", feedback=True)
    assert load_settings(lists=exchange("stopncii", feedback=True, feedback_key="k"))


@pytest.mark.parametrize(
    "name", ["password", "subscription_key", "function_key", "feedback_key", "bearer", "secret"]
)
def test_every_key_can_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    kind = {"feedback_key": "stopncii", "bearer": "hma", "secret": "upload_guard"}.get(name)
    kind = kind or next(kind for kind, options in OPTIONS.items() if name in options)
    (tmp_path / "key").write_text("12345\n")
    monkeypatch.setenv(f"UPLOAD_GUARD_LISTS__ICSE__EXCHANGE__{name.upper()}_FILE", str(tmp_path / "key"))
    lists = exchange(kind)
    lists["icse"]["exchange"].pop(name, None)
    own = load_settings(lists=lists).lists["icse"].exchange
    assert getattr(own, name).get_secret_value() == "12345"
    assert "12345" not in repr(own)
