"""[upstreams.NAME]: what a service is sent and what its answers mean, refused where that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.test_settings import fault_of, uncommented
from upload_guard.loading import load_settings
from upload_guard.upstream_settings import KINDS, UpstreamSettings

LOGINS: dict[str, dict[str, str]] = {
    "eokm": {"user": "site", "password": "p"},
    "hma": {},
    "arachnid": {"user": "site", "password": "p"},
    "photodna": {"key": "k"},
    "upload_guard": {"user": "AAAA", "password": "p"},
    "private": {"user": "AAAA", "password": "p"},
    "ranges": {"user": "AAAA", "password": "p"},
}


def table(kind: str = "eokm", **options: object) -> dict[str, Any]:
    own = {"kind": kind, "url": "https://api.example.org", "origin": "eokm"}
    return {"upstreams": {"service": own | LOGINS.get(kind, {}) | options}}


def loaded(kind: str = "eokm", **options: object) -> UpstreamSettings:
    return load_settings(**table(kind, **options)).upstreams["service"]


def test_hashes_alone_leave_the_machine_unless_settings_say_more() -> None:
    sent = {kind: loaded(kind).sent for kind in ("eokm", "hma", "arachnid", "upload_guard", "private")}
    assert sent == {
        "eokm": ("md5", "sha1"),
        "hma": ("pdq",),
        "arachnid": ("pdq",),
        "upload_guard": ("md5", "sha1", "sha256", "pdq"),
        "private": ("md5", "sha1", "sha256"),
    }
    assert loaded("arachnid", send=["file"]).sent == ("file",)


def test_a_service_that_takes_only_files_is_not_sent_them_unasked() -> None:
    assert 'send = ["file"], if files may leave this machine: photodna takes no hashes' in fault_of(
        **table("photodna")
    )
    assert loaded("photodna", send=["file"]).rate_in_force == 5


def test_what_a_kind_does_not_take_is_refused() -> None:
    line = fault_of(**table("eokm", send=["md5", "file"]))
    assert "must be a table whose send is of what eokm takes: md5, sha1 (not file)" in line


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("eokm", {"user": "", "password": ""}, "user and password, without which eokm lets nobody in"),
        ("eokm", {"password": ""}, "both user and password, or neither"),
        ("eokm", {"key": "k"}, "without key: eokm has no use for it"),
        ("photodna", {"key": "", "send": ["file"]}, "key, without which photodna lets nobody in"),
        ("photodna", {"user": "u", "password": "p"}, "without user: photodna has no use for it"),
        ("hma", {"test_path": True}, "without test_path: hma has none"),
        ("eokm", {"banks": ["A"]}, "without banks: eokm has none"),
    ],
    ids=["no login", "half a login", "a needless key", "no key", "a needless login", "no test path", "banks"],
)
def test_each_kind_lets_in_by_its_own_way(kind: str, options: dict[str, object], words: str) -> None:
    assert words in fault_of(**table(kind, **options))


@pytest.mark.parametrize(
    "url",
    ["http://api.example.org", "ftp://api.example.org", "https://", "https://u:p@api.example.org",
     "https://api.example.org/?key=1", "https://api.example.org/#a", "api.example.org"],
)  # fmt: skip
def test_hashes_go_to_no_such_address(url: str) -> None:
    assert "upstreams.service.url: must be an https address" in fault_of(**table(url=url))


@pytest.mark.parametrize(
    "url", ["https://api.example.org:8443/base/", "http://127.0.0.1:8080", "http://[::1]"]
)
def test_but_to_these(url: str) -> None:
    assert loaded(url=url).url == url.rstrip("/")


def test_a_category_is_one_that_trust_knows() -> None:
    assert "upstreams.service.category" in fault_of(**table(category="holiday"))
    assert "upstreams.service.categories" in fault_of(**table(categories={"A1": "holiday"}))


def test_a_service_has_no_name_of_a_list() -> None:
    line = fault_of(lists={"service": {}}, **table())
    assert "upstreams: must be tables of other names than those of lists: [lists.service]" in line


@pytest.mark.parametrize("secret", ["12345", "true", '{"a": 1}'])
def test_a_password_comes_from_a_file_as_it_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    (tmp_path / "password").write_text(f"{secret}\n")
    monkeypatch.setenv("UPLOAD_GUARD_UPSTREAMS__SERVICE__PASSWORD_FILE", str(tmp_path / "password"))
    values = table()
    del values["upstreams"]["service"]["password"]
    own = load_settings(**values).upstreams["service"]
    assert own.password.get_secret_value() == secret


def test_no_secret_stands_in_a_fault() -> None:
    assert "geheim" not in fault_of(**table("eokm", password=["geheim"]))
    assert "geheim" not in fault_of(**table("eokm", key="geheim"))


def test_its_file_of_issuers_counts_from_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    own = load_settings(file, **table(ca_file="issuers.pem")).upstreams["service"]
    assert own.ca_file == tmp_path / "issuers.pem"


def test_what_passes_unchecked_has_to_be_kept_wherever_a_service_may_be_silent() -> None:
    passes = {
        mode: load_settings(**table(failure=mode)).passes_unchecked for mode in ("closed", "open", "degrade")
    }
    assert passes == {"closed": False, "open": True, "degrade": True}


def test_the_example_holds_every_option() -> None:
    assert [set(one) for one in uncommented()["upstreams"].values()] == [set(UpstreamSettings.model_fields)]


def test_every_kind_is_sent_only_what_it_takes() -> None:
    assert all(set(kind.usual) <= set(kind.takes) - {"file"} for kind in KINDS.values())
