"""Checks in this process."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path

import imagehash
import numpy as np
import pytest

from tests.support import (
    LISTED_SEED,
    OTHER_SEED,
    activate_list,
    activate_listed_picture,
    damage_lists,
    digests_of,
    eventually,
    listed_hashes,
    pdq_of,
    picture_bytes,
    recompressed,
    settings_in,
    upload_of,
)
from upload_guard.checkers.local import NO_FILE, LocalChecker
from upload_guard.compose import build_station
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.errors import CheckFailed, NotReady
from upload_guard.imaging.pdq import pdq, squashed
from upload_guard.lists.formats import ListedHash
from upload_guard.records import NOT_DECODED, Action, Result, SignalType, Source
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


def test_the_listed_file_matches_by_every_digest_and_by_its_look(tmp_path: Path) -> None:
    thorough = settings_in(tmp_path, imaging={"decode_on_exact": True})
    data = activate_listed_picture(thorough)
    matches = checker(thorough).check(upload_of(data), math.inf).matches
    assert {match.signal_type for match in matches} == {SignalType.SHA256, SignalType.MD5, SignalType.PDQ}
    assert all(match.distance == 0 for match in matches if match.exact)


def test_a_likeness_matches_by_its_look_only(settings: Settings) -> None:
    data = recompressed(activate_listed_picture(settings))
    (match,) = checker(settings).check(upload_of(data), math.inf).matches
    assert match.signal_type is SignalType.PDQ
    assert 0 < match.distance <= match.limit == 31


def test_a_list_made_by_the_cpp_hasher_matches_by_the_squashed_form(tmp_path: Path) -> None:
    strict = settings_in(tmp_path, lists={"test-list": {"pdq_limit": 0}})
    image, out = landscape(LISTED_SEED, (900, 700)).convert("L"), io.BytesIO()
    image.save(out, "PNG")
    small = squashed(np.asarray(image))
    assert small is not None
    assert pdq(small).value != pdq_of(out.getvalue())
    activate_list(strict, [ListedHash(SignalType.PDQ, pdq(small).value)])
    (match,) = checker(strict).check(upload_of(out.getvalue()), math.inf).matches
    assert (match.view, match.variant, match.distance) == ("frame 0", "squashed", 0)


def test_a_listed_dhash_is_near_and_no_more(settings: Settings) -> None:
    image = landscape(LISTED_SEED, (400, 300))
    value = bytes.fromhex(str(imagehash.dhash(image.convert("L"))))
    activate_list(settings, [ListedHash(SignalType.DHASH, value)])
    station = build_station(settings)
    verdict = station.guard.inspect(upload_of(jpeg(image)))
    assert (verdict.result, verdict.action) == (Result.NEAR, Action.MONITOR)
    assert verdict.matches[0].signal_type is SignalType.DHASH


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
    assert {signal.type for signal in findings.signals} == {SignalType.MD5, SignalType.SHA256}
    assert not findings.unscannable


@pytest.mark.parametrize("kind", [SignalType.MD5, SignalType.SHA1, SignalType.SHA256])
def test_a_digest_is_taken_where_a_list_holds_such_entries(settings: Settings, kind: SignalType) -> None:
    data = b"plain text"
    value = next(signal.value for signal in digests_of(data).signals() if signal.type is kind)
    activate_list(settings, [ListedHash(kind, value)])
    findings = checker(settings).check(upload_of(data), math.inf)
    assert [match.signal_type for match in findings.matches] == [kind]
    assert {signal.type for signal in findings.signals} == {kind, SignalType.SHA256}


def test_an_image_that_cannot_be_read_is_unscannable_and_still_compared_by_digest(tmp_path: Path) -> None:
    thorough = settings_in(tmp_path, imaging={"decode_on_exact": True})
    broken = picture_bytes(LISTED_SEED)[:5000]
    activate_list(thorough, listed_hashes(picture_bytes(LISTED_SEED)) + listed_hashes_of_bytes(broken))
    findings = checker(thorough).check(upload_of(broken), math.inf)
    assert findings.unscannable == "truncated"
    assert [match.signal_type for match in findings.matches] == [SignalType.SHA256]


def listed_hashes_of_bytes(data: bytes) -> list[ListedHash]:
    return [ListedHash(SignalType.SHA256, digests_of(data).sha256)]


def test_an_empty_file_matches_nothing_even_where_its_digest_is_listed(settings: Settings) -> None:
    activate_list(settings, listed_hashes_of_bytes(b"") + listed_hashes_of_bytes(b"x"))
    findings = checker(settings).check(upload_of(b""), math.inf)
    assert (findings.matches, findings.degraded) == ((), ("empty",))


def without_a_decoder(settings: Settings) -> LocalChecker:
    found = checker(settings)
    found.sandbox.close()
    return found


def test_a_file_that_its_own_digest_blocks_is_not_opened(tmp_path: Path) -> None:
    bare = settings_in(tmp_path, benign={"shipped": False})
    data = activate_listed_picture(bare)
    findings = without_a_decoder(bare).check(upload_of(data), math.inf)
    assert {match.signal_type for match in findings.matches} == {SignalType.SHA256, SignalType.MD5}
    assert {signal.type for signal in findings.signals} == {SignalType.SHA256, SignalType.MD5}
    assert findings.degraded == (NOT_DECODED,)


def test_it_is_opened_where_it_may_look_like_a_known_good_image(settings: Settings) -> None:
    data = activate_listed_picture(settings)
    with pytest.raises(CheckFailed):
        without_a_decoder(settings).check(upload_of(data), math.inf)


@pytest.mark.parametrize("category", ["illegal", "investigative", "other"])
def test_a_file_that_its_own_digest_does_not_block_is_opened(settings: Settings, category: str) -> None:
    data = picture_bytes(LISTED_SEED)
    activate_list(settings, listed_hashes(data), category=category)
    with pytest.raises(CheckFailed):
        without_a_decoder(settings).check(upload_of(data), math.inf)


def test_a_young_entry_does_not_settle_a_file(tmp_path: Path) -> None:
    careful = settings_in(tmp_path, trust={"probation_hours": 24})
    with pytest.raises(CheckFailed):
        without_a_decoder(careful).check(upload_of(activate_listed_picture(careful)), math.inf)


def test_the_setting_has_every_file_opened(tmp_path: Path) -> None:
    thorough = settings_in(tmp_path, imaging={"decode_on_exact": True})
    with pytest.raises(CheckFailed):
        without_a_decoder(thorough).check(upload_of(activate_listed_picture(thorough)), math.inf)


def test_a_likeness_does_not_settle_a_file(settings: Settings) -> None:
    data = activate_listed_picture(settings)
    with pytest.raises(CheckFailed):
        without_a_decoder(settings).check(upload_of(recompressed(data)), math.inf)


def test_a_repeat_is_answered_without_opening_the_file(settings: Settings) -> None:
    data = recompressed(activate_listed_picture(settings))
    local = checker(settings)
    first = local.check(upload_of(data), math.inf)
    local.sandbox.close()
    assert first.matches
    assert local.check(upload_of(data, Source("elsewhere", "/other")), math.inf) == first
    with pytest.raises(CheckFailed):
        local.check(upload_of(picture_bytes(OTHER_SEED)), math.inf)


def test_a_change_of_the_lists_makes_every_answer_an_old_one(settings: Settings) -> None:
    activate_list(settings, listed_hashes(picture_bytes(LISTED_SEED)))
    local, other = checker(settings), picture_bytes(OTHER_SEED)
    assert local.check(upload_of(other), math.inf).matches == ()
    activate_list(settings, [ListedHash(SignalType.PDQ, pdq_of(other))], "second-list")
    # The snapshot looks for a change twice a second.
    assert eventually(lambda: local.check(upload_of(other), math.inf).matches)


def test_a_file_that_could_not_be_read_is_read_again(settings: Settings) -> None:
    activate_listed_picture(settings)
    local, broken = checker(settings), picture_bytes(OTHER_SEED)[:5000]
    assert local.check(upload_of(broken), math.inf).unscannable == "truncated"
    local.sandbox.close()
    with pytest.raises(CheckFailed):
        local.check(upload_of(broken), math.inf)


def test_without_a_cache_every_file_is_read_again(tmp_path: Path) -> None:
    uncached = settings_in(tmp_path, cache={"entries": 0})
    activate_listed_picture(uncached)
    local, other = checker(uncached), picture_bytes(OTHER_SEED)
    local.check(upload_of(other), math.inf)
    local.sandbox.close()
    with pytest.raises(CheckFailed):
        local.check(upload_of(other), math.inf)


def test_a_damaged_list_means_not_ready_and_never_clean(settings: Settings) -> None:
    activate_listed_picture(settings)
    damage_lists(settings)
    with pytest.raises(NotReady, match="damaged"):
        checker(settings).check(upload_of(b"x"), math.inf)


OTHER = picture_bytes(OTHER_SEED)
BEGINNINGS = {
    "the start of a picture": OTHER[:60],
    "the start of an archive": b"PK\x03\x04" + bytes(60),
}


@pytest.mark.parametrize("data", BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_what_only_begins_like_a_file_is_held_unless_it_was_found_in_a_text(
    settings: Settings, data: bytes
) -> None:
    activate_listed_picture(settings)
    upload = upload_of(data)
    sent = checker(settings).check(upload, math.inf)
    assert sent.unscannable or sent.unreadable
    guessed = checker(settings).check(replace(upload, guessed=True), math.inf)
    assert (guessed.unscannable, guessed.unreadable) == ("", "")
    assert NO_FILE in guessed.degraded


def test_a_guess_of_which_something_shows_is_a_picture(settings: Settings) -> None:
    activate_listed_picture(settings)
    cut = replace(upload_of(OTHER[: len(OTHER) // 2]), guessed=True)
    assert checker(settings).check(cut, math.inf).unscannable == "truncated"
