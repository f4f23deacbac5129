"""`upload-guard explain` as somebody types it, on real lists with drawn pictures."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run
from tests.support import (
    LISTED_SEED,
    OTHER_SEED,
    digests_of,
    pdq_of,
    picture_bytes,
    recompressed,
    upload_of,
)
from upload_guard.compose import build_station, open_cases
from upload_guard.lists.opinions import note_change
from upload_guard.loading import load_settings
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.records import Source
from upload_guard.storage.opinion_tables import EntryDispute
from upload_guard.storage.tables import Base

LISTED, OTHER = picture_bytes(LISTED_SEED), picture_bytes(OTHER_SEED)
LIKE = recompressed(LISTED)
BARE = "[benign]\nshipped = false\n"
NO_PROBATION = f"{BARE}[trust]\nprobation_hours = 0\n"
PDQ = f"pdq {pdq_of(LISTED).hex()}"
MD5 = digests_of(LISTED).md5.hex()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures, and settings without probation and shipped bank."""
    (tmp_path / "listed.jpg").write_bytes(LISTED)
    (tmp_path / "like.jpg").write_bytes(LIKE)
    (tmp_path / "other.jpg").write_bytes(OTHER)
    (tmp_path / "broken.jpg").write_bytes(OTHER[:4000])
    configure(tmp_path, NO_PROBATION)
    return tmp_path


def configure(folder: Path, text: str) -> None:
    (folder / "config.toml").write_text(text)


def guard(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "config.toml", *arguments)


def activate(
    folder: Path, *lines: str, name: str = "icse", category: str = "baseline", origin: str = "interpol"
) -> None:
    (folder / "list.txt").write_text("\n".join(lines))
    guard(folder, "list", "import", name, "list.txt", "--category", category, "--origin", origin)
    assert guard(folder, "list", "activate", name).returncode == 0


def explain(folder: Path, *arguments: str) -> str:
    """What is printed, its lines joined to paragraphs; what every page keeps to is checked on the way."""
    said = guard(folder, "explain", *arguments)
    assert (said.returncode, said.stderr) == (0, "")
    assert max(len(line) for line in said.stdout.splitlines()) <= 100
    return " ".join(said.stdout.split())


def explain_json(folder: Path, *arguments: str) -> dict[str, object]:
    said = guard(folder, "explain", "--json", *arguments)
    assert (said.returncode, said.stderr) == (0, "")
    told: dict[str, object] = json.loads(said.stdout)
    return told


def uploaded(folder: Path, data: bytes) -> CaseInfo:
    """The case that a server with the same settings opens of it."""
    settings = load_settings(folder / "config.toml")
    station = build_station(settings)
    (outcome,) = station.guard.check([upload_of(data, Source("shop", "/photos"))])
    station.sandbox.close()
    return open_cases(settings).one(outcome.case)


def test_an_exact_digest_blocks_and_the_file_was_not_opened(folder: Path) -> None:
    activate(folder, MD5, PDQ)
    text = explain(folder, "listed.jpg")
    assert text.startswith(
        "listed.jpg: match, block Blocked, since the md5 of the file is entry 1 of icse (md5); an exact"
        " digest does what its list and category allow (baseline: block)."
    )
    assert "not decoded: an exact digest settles it" in text
    assert "- entry 1 of icse (md5) were retracted: passed" in text
    assert "- category baseline of list icse were set to quarantine (it is block): held (match)" in text


def test_one_likeness_is_held_and_each_way_out_is_named(folder: Path) -> None:
    activate(folder, PDQ)
    text = explain(folder, "like.jpg")
    assert (
        "Held, since the picture frame 0 is 8 bits from entry 1 of icse (pdq, limit 31); one likeness" in text
    )
    assert "quality 100" in text
    assert "rule: PDQ within the limit; one likeness holds at most so by itself: quarantine" in text
    assert "- the pdq limit of list icse were 7 (it is 31): passed (clean)" in text
    assert (
        "- a list of another origin, one that may block, had the look of frame 0, too: blocked (match)"
        in text
    )
    assert "- the benign bank held this very file: passed and noted (disputed)" in text


def test_the_mildest_outcomes_stand_first(folder: Path) -> None:
    activate(folder, PDQ)
    text = explain(folder, "like.jpg").split("otherwise if")[1]
    assert text.index("passed (clean)") < text.index("passed and noted") < text.index("blocked (match)")


def test_two_lists_of_different_origin_block_together(folder: Path) -> None:
    activate(folder, PDQ)
    activate(folder, PDQ, name="second", origin="ncmec")
    text = explain(folder, "like.jpg")
    assert "Blocked, since the picture frame 0 is 8 bits from" in text
    assert "two origins that may each block do what their lists and categories allow" in text
    assert "- icse and second were of one origin: held (match)" in text
    assert "- list second had none of these entries: held (match)" in text


def test_what_is_near_in_a_review_band_is_held_as_such(folder: Path) -> None:
    configure(folder, f"{NO_PROBATION}[lists.icse]\npdq_limit = 4\npdq_review_limit = 40\n")
    activate(folder, PDQ)
    text = explain(folder, "like.jpg")
    assert "like.jpg: near, quarantine Held, since the picture frame 0 is 8 bits from" in text
    assert "- the review band of list icse ended at 7 (now 40): passed (clean)" in text
    assert "- the pdq limit of list icse were 8 (it is 4): held (match)" in text


def test_a_young_entry_holds_and_it_is_said_until_when(folder: Path) -> None:
    configure(folder, BARE)
    activate(folder, MD5)
    text = explain(folder, "listed.jpg")
    assert (
        "Held, since the md5 of the file is entry 1 of icse (md5); an entry on probation holds at most"
        in text
    )
    assert "when the probation of entry 1 of icse (md5) is over: blocked (match)" in text


def test_what_the_bank_excuses_is_named_with_its_file(folder: Path) -> None:
    # What everybody vouches for the gate puts aside; a site's own file acts, and is excused there.
    guard(folder, "benign", "add", "--site", "blog", "listed.jpg")
    activate(folder, MD5)
    text = explain(folder, "--site", "blog", "listed.jpg")
    assert "listed.jpg: disputed, monitor Passed and noted, since the md5 of the file is entry" in text
    assert "the file or view is the known-good listed.jpg (site)" in text
    assert "- the benign bank did not hold listed.jpg, nor another file like it: blocked (match)" in text


def test_an_ignored_category_is_told_and_means_nothing(folder: Path) -> None:
    activate(folder, PDQ, category="other")
    text = explain(folder, "like.jpg")
    assert "like.jpg: clean, allow Passed, since it matches nothing else than ignored categories" in text
    assert "category other (set to ignore), origin interpol" in text
    assert "- category other of list icse were set to quarantine (it is ignore): held (match)" in text


def test_an_image_that_cannot_be_read_is_held_and_the_setting_named(folder: Path) -> None:
    activate(folder, PDQ)
    text = explain(folder, "broken.jpg")
    assert "Held, since it is, or holds, an image that could not be read (truncated)" in text
    assert '- failure.unscannable were "monitor" (it is "quarantine"): passed and noted (unscannable)' in text


def test_a_clean_file_is_shown_with_what_it_nearly_matched(folder: Path) -> None:
    configure(folder, f"{NO_PROBATION}pdq_limit = 4\n")
    activate(folder, PDQ)
    text = explain(folder, "like.jpg")
    assert "like.jpg: clean, allow Passed, since it matches no entry of an active list." in text
    assert "Out of reach, nearest first: - pdq on icse version 1, entry 1," in text
    assert "8 bits away, limit 4, frame 0" in text
    assert "- the pdq limit of list icse were 8 (it is 4): held (match)" in text


def test_a_clean_file_that_nothing_is_near_to_says_so(folder: Path) -> None:
    activate(folder, PDQ)
    text = explain(folder, "other.jpg")
    assert "No other entry is near: none lies within 60 bits of PDQ, or 16 of pHash or dHash." in text
    assert "Nothing that could be tried by itself would change that." in text


def test_without_a_list_a_file_is_unchecked_and_not_clean(folder: Path) -> None:
    text = explain(folder, "other.jpg")
    assert "other.jpg: unchecked, allow Passed, since it was not checked (no_list)" in text


def test_hashes_are_shortened_unless_asked_for(folder: Path) -> None:
    activate(folder, MD5, PDQ)
    text = explain(folder, "listed.jpg")
    assert MD5[:8] in text
    assert MD5 not in text
    assert MD5 in explain(folder, "--hashes", "listed.jpg")
    assert MD5 not in json.dumps(explain_json(folder, "listed.jpg"))
    assert MD5 in json.dumps(explain_json(folder, "--hashes", "listed.jpg"))


def test_long_lists_are_cut_with_a_count_and_json_has_them_all(folder: Path) -> None:
    activate(folder, PDQ)
    told = explain_json(folder, "like.jpg")
    signals = told["signals"]
    assert isinstance(signals, list)
    assert len(signals) > 12
    text = explain(folder, "like.jpg")
    assert f"What it was compared by ({len(signals)}):" in text
    assert f"and {len(signals) - 12} more (--json has them all)" in text


def test_json_has_the_whole_way(folder: Path) -> None:
    activate(folder, PDQ)
    told = explain_json(folder, "like.jpg")
    assert (told["file"], told["result"], told["action"], told["row"]) == (
        "like.jpg",
        "match",
        "quarantine",
        "perceptual",
    )
    (match,) = told["matches"]  # type: ignore[misc]
    assert (match["list"], match["distance"], match["limit"], match["row"]) == ("icse", 8, 31, "perceptual")  # type: ignore[has-type]
    changes = {(one["what"], one["result"], one["action"]) for one in told["changes"]}  # type: ignore[attr-defined]
    assert ("entry_retracted", "clean", "allow") in changes
    assert ("second_origin", "match", "block") in changes


def test_explaining_a_file_keeps_nothing(folder: Path) -> None:
    activate(folder, MD5)
    explain(folder, "listed.jpg")
    assert guard(folder, "quarantine", "list").stdout == "The quarantine is empty.\n"


def test_what_an_uploader_chose_cannot_steer_the_terminal(folder: Path) -> None:
    activate(folder, PDQ)
    name = "\x1b[31mred\nfake line.jpg"
    (folder / name).write_bytes(LIKE)
    said = guard(folder, "explain", name)
    assert "\x1b" not in said.stdout
    assert said.stdout.splitlines()[0] == r"\x1b[31mred\nfake line.jpg: match, quarantine"


def test_what_is_neither_file_nor_case_is_an_error(folder: Path) -> None:
    said = guard(folder, "explain", "nothing")
    assert said.returncode == 2
    assert "there is no file of that name, and there is no case 'nothing'" in said.stderr
    assert guard(folder, "explain", ".").returncode == 2


def test_beside_a_sidecar_it_says_where_to_ask(folder: Path) -> None:
    configure(folder, '[service]\nurl = "http://127.0.0.1:9"\n')
    said = guard(folder, "explain", "like.jpg")
    assert said.returncode == 2
    assert (
        "lists and cases lie with the sidecar at http://127.0.0.1:9: run 'upload-guard explain' there"
        in said.stderr
    )


def test_a_case_on_which_nothing_has_changed_is_told_once(folder: Path) -> None:
    activate(folder, PDQ)
    case = uploaded(folder, LIKE)
    text = explain(folder, case.number)
    assert text.startswith(
        f"Case {case.number}, open: application/octet-stream, {len(LIKE)} bytes, to shop /photos,"
    )
    assert "Then and now: quarantine, match. Held, since the picture frame 0 is 8 bits from" in text
    assert "What has changed since" not in text
    assert "pdq on icse version 1, entry 1" in text


def test_a_case_after_a_retraction_shows_then_and_now(folder: Path) -> None:
    activate(folder, PDQ, f"pdq {pdq_of(OTHER).hex()}")
    case = uploaded(folder, LIKE)
    (folder / "one.txt").write_text(PDQ)
    guard(folder, "list", "retract", "icse", "one.txt")
    text = explain(folder, case.number)
    assert text.startswith(f"Case {case.number}, release proposed:")
    assert (
        "Then: quarantine, match (perceptual): pdq on icse v1 (baseline), entry 1: 8 of 31 bits away" in text
    )
    assert "Now: allow, clean. Passed, since it matches no entry of an active list." in text
    assert (
        "- entry 1 of icse (pdq), version 1, is not found any more: no longer listed, or out of reach" in text
    )
    told = explain_json(folder, case.number)
    assert (told["then"]["action"], told["action"]) == ("quarantine", "allow")  # type: ignore[index]


def test_a_case_that_was_not_opened_is_never_called_clean_after_a_retraction(folder: Path) -> None:
    activate(folder, MD5, PDQ)
    case = uploaded(folder, LISTED)
    # With its bytes the case would be judged again by opening it.
    Path(case.place).unlink()
    (folder / "one.txt").write_text(MD5)
    guard(folder, "list", "retract", "icse", "one.txt")
    text = explain(folder, case.number)
    assert "Then: block, match (exact): md5 on icse v1 (baseline), entry 1" in text
    assert "Now: allow, unchecked. Passed, since it was not checked (not_decoded)" in text
    assert "The file was not opened then, since an exact digest settled it" in text


def opine(folder: Path, *rows: Base) -> None:
    with open_cases(load_settings(folder / "config.toml")).database.session() as session:
        session.add_all(rows)
        note_change(session)


def test_a_case_whose_file_was_found_a_false_positive_shows_who_said_so(folder: Path) -> None:
    activate(folder, PDQ)
    case = uploaded(folder, LIKE)
    guard(folder, "quarantine", "false-positive", case.number, "--because", "a landscape\x1b[2J")
    text = explain(folder, case.number)
    assert text.startswith(f"Case {case.number}, released:")
    assert "Then: quarantine, match (perceptual)" in text
    assert "Now: monitor, disputed. Passed and noted, since the picture frame 0 is 8 bits from" in text
    assert f"entry 1 of icse (pdq): the file or view was found a false positive (case {case.number})" in text
    assert r": decision: false_positive: a landscape\x1b[2J" in text
    assert (
        f"- the decision on case {case.number} were lifted, and the bank did not know the file: held" in text
    )
    said = explain_json(folder, case.number)["said"]
    assert [one["what"] for one in said] == ["decision: false_positive", "the file passes everywhere"]  # type: ignore[attr-defined]


def test_a_case_of_a_disputed_entry_shows_then_and_now(folder: Path) -> None:
    activate(folder, MD5)
    case, now = uploaded(folder, LISTED), datetime.now(UTC)
    opine(
        folder,
        EntryDispute(
            list_id=1,
            signal_type="md5",
            value=bytes.fromhex(MD5),
            case_number=case.number,
            proposed_at=now,
            proposed_by="ann",
            because="a landscape",
            agreed_at=now,
            agreed_by="ben",
        ),
    )
    text = explain(folder, case.number)
    assert "Then: block, match (exact)" in text
    assert "Now: monitor, disputed. Passed and noted, since the md5 of the file is entry 1 of icse" in text
    assert "- entry 1 of icse (md5) is disputed here by two persons" in text
    assert "ben: agreed to dispute an entry of icse (md5)" in text
    assert "- the dispute were lifted from entry 1 of icse (md5): blocked (match)" in text


def test_a_case_explains_itself_without_its_bytes(folder: Path) -> None:
    activate(folder, PDQ)
    case = uploaded(folder, LIKE)
    Path(case.place).unlink()
    assert "Then and now: quarantine, match." in explain(folder, case.number)


def test_a_broken_upload_is_still_held_as_such(folder: Path) -> None:
    activate(folder, PDQ)
    case = uploaded(folder, OTHER[:4000])
    text = explain(folder, case.number)
    assert (
        "Then and now: quarantine, unscannable. Held, since it is, or holds, an image that could not" in text
    )


def test_a_case_is_judged_by_the_policy_of_its_route(folder: Path) -> None:
    activate(folder, PDQ)
    case = uploaded(folder, OTHER[:4000])
    route = '[[routes]]\npath = "/photos*"\n[routes.failure]\nunscannable = "monitor"\n'
    configure(folder, NO_PROBATION + route)
    text = explain(folder, case.number)
    assert "Now: monitor, unscannable. Passed and noted" in text
    assert "- settings, or the time, have changed" in text
