"""The hashes that a notice names, beside the file that its address leads to and the cases that there are."""

from __future__ import annotations

import hashlib
import logging

import pytest

from tests.notices.site import URL, NotedSite, clean
from tests.notices.tellers import notice_of
from upload_guard.compose.incoming import notices_in
from upload_guard.notices.hashes import NamedHash
from upload_guard.notices.showing import Notices
from upload_guard.notices.states import AddressState
from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.rows import SHA256_UNKNOWN

OTHERS = ("0" * 32, "1" * 40, "2" * 64)


def told(site: NotedSite, name: str, *hashes: str) -> str:
    return site.desk.take(notice_of(URL + name, hashes=hashes))


def notices(site: NotedSite) -> Notices:
    return notices_in(site.settings, site.desk.database)


@pytest.mark.parametrize(("number", "kind"), [(60, "md5"), (61, "sha1"), (62, "sha256")])
def test_a_file_that_has_a_named_hash_is_said_to_have_it(site: NotedSite, number: int, kind: str) -> None:
    name = clean(site, f"named-{kind}.jpg", number)
    digest = hashlib.new(kind, (site.media / name).read_bytes()).hexdigest()
    found = site.work(told(site, name, *OTHERS, digest.upper()))
    assert found.addresses[0].named_hash is NamedHash.SAME


def test_a_file_that_has_none_of_them_is_said_to_have_another(site: NotedSite) -> None:
    found = site.work(told(site, clean(site, "another.jpg", 63), *OTHERS))
    assert found.addresses[0].named_hash is NamedHash.OTHER


@pytest.mark.parametrize("hashes", [(), ("3" * 128, "xyz")], ids=["none", "of-no-kind-that-is-kept"])
def test_where_no_hash_can_be_compared_nothing_is_said(site: NotedSite, hashes: tuple[str, ...]) -> None:
    name = clean(site, f"silent-{len(hashes)}.jpg", 64 + len(hashes))
    found = site.work(told(site, name, *hashes))
    assert found.addresses[0].named_hash is NamedHash.NOTHING


def test_a_digest_that_nobody_knows_is_neither_the_same_nor_another(site: NotedSite) -> None:
    number = told(site, clean(site, "unknown.jpg", 71), "0" * 40, "1" * 40)
    assert site.work(number).addresses[0].named_hash is NamedHash.OTHER
    with site.desk.database.session() as session:
        # As in the case of an upload that had passed, of which a list named the MD5 alone.
        row = found_case(session, site.first(number).case)
        row.sha1, row.degraded = bytes(20), [SHA256_UNKNOWN]
    assert site.first(number).named_hash is NamedHash.NOTHING
    elsewhere = site.desk.take(notice_of("https://elsewhere.example/nought.jpg", hashes=("0" * 40,)))
    assert notices(site).elsewhere(site.work(elsewhere)) == ()


def test_of_a_picture_that_nobody_named_another_hash_says_nothing(site: NotedSite) -> None:
    small, _ = clean(site, "size-300x200.jpg", 67), clean(site, "size.jpg", 68)
    digest = hashlib.sha256((site.media / small).read_bytes()).hexdigest()
    number = told(site, small, digest)
    site.work(number)
    said = [one.named_hash for one in site.work(number).addresses]
    assert said == [NamedHash.SAME, NamedHash.NOTHING]


def test_of_an_address_that_leads_nowhere_the_case_with_that_hash_is_told_and_nothing_is_done(
    site: NotedSite, caplog: pytest.LogCaptureFixture
) -> None:
    name = clean(site, "known.jpg", 69)
    digest = hashlib.sha1((site.media / name).read_bytes(), usedforsecurity=False).hexdigest()
    case = site.work(told(site, name)).addresses[0].case
    with caplog.at_level(logging.DEBUG, logger="upload_guard"):
        file = site.work(site.desk.take(notice_of("https://elsewhere.example/known.jpg", hashes=(digest,))))
        (known,) = notices(site).elsewhere(file)
    assert digest not in caplog.text
    assert (known.number, known.site, known.places) == (case, "blog", (f"file://{site.media}/{name}",))
    assert (file.addresses[0].state, file.addresses[0].case) == (AddressState.UNMAPPED, "")


def test_where_all_addresses_lead_to_cases_no_other_is_looked_for(site: NotedSite) -> None:
    name = clean(site, "all.jpg", 70)
    digest = hashlib.sha256((site.media / name).read_bytes()).hexdigest()
    assert notices(site).elsewhere(site.work(told(site, name, digest))) == ()
