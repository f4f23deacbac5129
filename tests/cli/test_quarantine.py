"""The commands about cases and lowered entries, as their user gives them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run
from tests.support import activate_list, listed_hashes, picture_bytes, quiet_station, recompressed, upload_of
from upload_guard.compose import open_cases, open_decisions, open_lists
from upload_guard.loading import load_settings
from upload_guard.records import Source
from upload_guard.settings import Settings


@dataclass(frozen=True)
class Desk:
    """A folder with settings, and an active list of digests alone."""

    folder: Path
    settings: Settings
    listed: bytes

    def held(self, count: int = 1, sites: tuple[str, ...] = ("blog",)) -> list[str]:
        """The numbers of cases that uploads of the listed file become."""
        station = quiet_station(self.settings)
        uploads = [upload_of(self.listed, Source(sites[at % len(sites)], "/up")) for at in range(count)]
        cases = [outcome.case for upload in uploads for outcome in station.guard.check([upload])]
        (counts,) = (job for job in station.housekeeper.jobs if job.name == "breaker-counts")
        counts.run()
        return cases

    def run(self, *arguments: str) -> Said:
        return run(self.folder, "--config", "config.toml", *arguments)

    def states(self) -> list[str]:
        return [case.state for case in open_cases(self.settings).newest(1000)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "config.toml").write_text("[trust]\nprobation_hours = 0\n[benign]\nshipped = false\n")
    settings = load_settings(tmp_path / "config.toml")
    listed = picture_bytes(1)
    activate_list(settings, listed_hashes(picture_bytes(2))[:2], "icse")
    activate_list(settings, [*listed_hashes(picture_bytes(2))[:2], *listed_hashes(listed)[:2]], "icse")
    return Desk(tmp_path, settings, listed)


def test_a_false_positive_is_released_with_all_cases_of_its_file(desk: Desk) -> None:
    first, _, _ = desk.held(3)
    said = desk.run("quarantine", "false-positive", first, "--because", "a stock photo")
    assert f"{first} and 2 more cases are released" in said.stdout
    assert set(desk.states()) == {"released"}
    said = desk.run("quarantine", "reopen", first, "--because", "a slip")
    assert f"{first} is open again, and 2 more that were decided with it" in said.stdout


def test_a_case_that_is_alone_is_decided_alone(desk: Desk) -> None:
    (case,) = desk.held()
    for command, said in (("escalate", "escalated"), ("confirm", "confirmed")):
        assert desk.run("quarantine", command, case, "--because", "seen").stdout == f"{case} is {said}.\n"


def test_copies_that_look_like_it_are_decided_with_it_only_when_asked_for(desk: Desk) -> None:
    activate_list(desk.settings, listed_hashes(desk.listed)[2:], "looks")
    copies = [recompressed(desk.listed, quality=quality) for quality in (40, 60)]
    station = quiet_station(desk.settings)
    first, second = (station.guard.check([upload_of(data)])[0].case for data in copies)
    desk.run("quarantine", "escalate", first, "--because", "who knows")
    assert desk.states() == ["open", "escalated"]
    said = desk.run("quarantine", "confirm", first, "--picture", "--because", "seen both")
    assert f"{first} and 1 more case are confirmed" in said.stdout
    assert open_cases(desk.settings).one(second).state == "confirmed"


def test_to_confirm_takes_a_second_person_where_the_settings_say_so(desk: Desk) -> None:
    (desk.folder / "config.toml").write_text(
        '[trust]\nprobation_hours = 0\n[benign]\nshipped = false\n[quarantine]\nsecond_person = ["confirm"]\n'
    )
    settings = load_settings(desk.folder / "config.toml")
    case, _ = desk.held(2)
    confirm = ("quarantine", "confirm", case, "--because", "seen")
    assert "2 proposed: confirmed once a second person" in desk.run(*confirm).stdout
    again = desk.run(*confirm)
    assert (again.returncode, "a second person has to agree" in again.stderr) == (2, True)
    assert set(desk.states()) == {"open"}
    open_decisions(settings).confirm(case, "somebody else", "seen, too")
    assert set(desk.states()) == {"confirmed"}


def test_one_rollback_and_one_command_release_all_that_a_bad_version_held(desk: Desk) -> None:
    desk.held(7)
    said = desk.run("list", "rollback", "icse", "1")
    assert "7 undecided cases were judged again: 7 proposed for release" in said.stdout
    said = desk.run("quarantine", "release", "--proposed", "--because", "version 2 was wrong")
    assert "7 released" in said.stdout
    assert set(desk.states()) == {"released"}


def test_a_retraction_proposes_what_it_held(desk: Desk) -> None:
    desk.held(2)
    hashes = "\n".join(f"{one.signal_type} {one.value.hex()}" for one in listed_hashes(desk.listed)[:2])
    (desk.folder / "wrong.txt").write_text(hashes)
    said = desk.run("list", "retract", "icse", "wrong.txt")
    assert "2 undecided cases were judged again: 2 proposed for release" in said.stdout


def test_disputing_takes_a_second_person(desk: Desk) -> None:
    (case,) = desk.held()
    dispute = ("quarantine", "dispute", case, "--list", "icse", "--because", "our own logo")
    said = desk.run(*dispute)
    assert "2 proposed: they act until a second person" in said.stdout
    again = desk.run(*dispute)
    assert (again.returncode, "a second person has to agree" in again.stderr) == (2, True)
    assert desk.states() == ["open"]
    # Another account of this machine.
    open_decisions(desk.settings).lift_dispute(case, "icse", "ann")
    open_decisions(desk.settings).dispute(case, "icse", "somebody else", "indeed")
    said = desk.run(*dispute)
    assert "2 disputed: they act no more" in said.stdout
    assert desk.states() == ["release_proposed"]
    said = desk.run("quarantine", "lift-dispute", case, "--list", "icse")
    assert "2 act again" in said.stdout
    assert desk.states() == ["open"]


def test_who_gives_a_command_is_the_account_and_not_what_a_variable_says(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = desk.held()
    dispute = ("quarantine", "dispute", case, "--list", "icse", "--because", "our own logo")
    assert "2 proposed" in desk.run(*dispute).stdout
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setitem(os.environ, name, "somebody-else")
    assert "a second person has to agree" in desk.run(*dispute).stderr


def test_confirm_escalate_and_reopen(desk: Desk) -> None:
    (case,) = desk.held()
    desk.run("quarantine", "escalate", case, "--because", "I know him")
    (other,) = desk.held()
    desk.run("quarantine", "confirm", other, "--because", "seen")
    assert desk.states() == ["confirmed", "escalated"]
    desk.run("quarantine", "reopen", other, "--because", "a slip")
    assert desk.states() == ["open", "escalated"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("quarantine", "confirm", "2222-2222-2222", "--because", "seen"),
            "there is no case '2222-",
        ),
        (("quarantine", "confirm", "2222-2222-2222"), "Missing option '--because'"),
        (("quarantine", "release", "--because", "all"), "no case was named"),
        (("list", "breaker", "lift", "1", "--because", "x"), "no lowered entry 1"),
    ],
)
def test_what_cannot_be_decided_says_why(desk: Desk, arguments: tuple[str, ...], words: str) -> None:
    said = desk.run(*arguments)
    assert (said.returncode, words in said.stderr) == (2, True)


def test_lowered_entries_are_shown_confirmed_and_lifted(desk: Desk) -> None:
    assert "lowered no entry" in desk.run("list", "breaker", "show").stdout
    desk.held(20, ("blog", "shop", "forum"))
    shown = desk.run("list", "breaker", "show").stdout
    assert "20 of 20" in shown
    assert not any(one.value.hex() in shown for one in listed_hashes(desk.listed))
    assert "stays lowered" in desk.run("list", "breaker", "confirm", "1", "--because", "a logo").stdout
    said = desk.run("list", "breaker", "lift", "2", "--because", "a raid").stdout
    assert "acts again" in said
    assert "20 undecided cases were judged again: all stay as they were" in said
    shown = desk.run("list", "breaker", "show").stdout
    assert "confirmed" in shown
    assert "lifted" in shown
    assert open_lists(desk.settings).versions()
