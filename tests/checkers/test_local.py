"""Checks in this process."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pytest

from tests.support import (
    LISTED_SEED,
    activate_list,
    activate_listed_picture,
    damage_lists,
    digests_of,
    listed_hashes,
    pdq_of,
    picture_bytes,
    recompressed,
    settings_in,
    upload_of,
)
from upload_guard.checkers.local import LocalChecker
from upload_guard.compose import build_station
from upload_guard.demo.pictures import landscape
from upload_guard.errors import NotReady
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType
from upload_guard.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def checker(settings: Settings) -> LocalChecker:
    found = build_station(settings).guard.checker
    assert isinstance(found, LocalChecker)
    return found


def test_without_an_active_list_nothing_was_checked(settings: Settings) -> None:
    assert checker(settings).check(upload_of(b"x"), math.inf).unchecked == "no_list"


def test_an_imported_list_that_is_not_active_does_not_count(settings: Settings) -> None:
    station = build_station(settings)
    activate_listed_picture(settings_in(settings.data_dir.parent / "elsewhere"))
    assert station.guard.checker.check(upload_of(b"x"), math.inf).unchecked == "no_list"  # type: ignore[union-attr]


def test_the_listed_file_matches_by_every_digest_and_by_its_look(settings: Settings) -> None:
    data = activate_listed_picture(settings)
    matches = checker(settings).check(upload_of(data), math.inf).matches
    assert {match.signal_type for match in matches} == {SignalType.SHA256, SignalType.MD5, SignalType.PDQ}
    assert all(match.distance == 0 for match in matches if match.exact)


def test_a_likeness_matches_by_its_look_only(settings: Settings) -> None:
    data = recompressed(activate_listed_picture(settings))
    (match,) = checker(settings).check(upload_of(data), math.inf).matches
    assert match.signal_type is SignalType.PDQ
    assert 0 < match.distance <= match.limit == 31


def test_a_lists_own_limit_applies_to_it(tmp_path: Path) -> None:
    strict = settings_in(tmp_path, lists={"test-list": {"pdq_limit": 0}})
    data = recompressed(activate_listed_picture(strict))
    assert checker(strict).check(upload_of(data), math.inf).matches == ()


def test_a_review_band_finds_what_lies_beyond_the_limit_and_calls_it_so(tmp_path: Path) -> None:
    banded = settings_in(tmp_path, lists={"test-list": {"pdq_limit": 0, "pdq_review_limit": 50}})
    data = recompressed(activate_listed_picture(banded))
    matches = checker(banded).check(upload_of(data), math.inf).matches
    assert matches
    assert all(match.distance > match.limit == 0 and not match.within_limit for match in matches)


def test_a_frame_that_was_read_counts_even_if_the_next_one_is_broken(settings: Settings) -> None:
    first, second = (landscape(seed, (400, 300)) for seed in (LISTED_SEED, 77))
    out = io.BytesIO()
    first.save(out, "GIF", save_all=True, append_images=[second])
    activate_list(settings, [ListedHash(SignalType.PDQ, pdq_of(out.getvalue()))])
    findings = checker(settings).check(upload_of(out.getvalue()[:-5_000]), math.inf)
    assert findings.unscannable
    assert {match.view for match in findings.matches} == {"frame 0"}


def test_a_file_that_is_no_image_is_compared_by_its_digests(settings: Settings) -> None:
    activate_list(settings, listed_hashes(picture_bytes(LISTED_SEED)))
    findings = checker(settings).check(upload_of(b"plain text"), math.inf)
    assert findings.matches == ()
    assert {signal.type for signal in findings.signals} == {
        SignalType.MD5,
        SignalType.SHA1,
        SignalType.SHA256,
    }
    assert not findings.unscannable


def test_an_image_that_cannot_be_read_is_unscannable_and_still_compared_by_digest(settings: Settings) -> None:
    broken = picture_bytes(LISTED_SEED)[:5000]
    activate_list(settings, listed_hashes(picture_bytes(LISTED_SEED)) + listed_hashes_of_bytes(broken))
    findings = checker(settings).check(upload_of(broken), math.inf)
    assert findings.unscannable == "truncated"
    assert [match.signal_type for match in findings.matches] == [SignalType.SHA256]


def listed_hashes_of_bytes(data: bytes) -> list[ListedHash]:
    return [ListedHash(SignalType.SHA256, digests_of(data).sha256)]


def test_an_empty_file_matches_nothing_even_where_its_digest_is_listed(settings: Settings) -> None:
    activate_list(settings, listed_hashes_of_bytes(b""))
    findings = checker(settings).check(upload_of(b""), math.inf)
    assert (findings.matches, findings.degraded) == ((), ("empty",))


def test_a_damaged_list_means_not_ready_and_never_clean(settings: Settings) -> None:
    activate_listed_picture(settings)
    damage_lists(settings)
    with pytest.raises(NotReady, match="damaged"):
        checker(settings).check(upload_of(b"x"), math.inf)
