"""The commands as somebody types them."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import OTHER_SEED, damage_lists, digests_of, pdq_of, picture_bytes, recompressed
from upload_guard import __version__
from upload_guard.cli.main import main
from upload_guard.settings import Settings

LISTED = picture_bytes(1)


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def run(folder: Path, *arguments: str) -> Said:
    """`upload-guard` with `folder` as the working folder, from its entry on, in this process for speed."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


def test_the_installed_command_and_the_module_are_the_same(tmp_path: Path) -> None:
    script = str(Path(sys.executable).with_name("upload-guard"))
    for command in ([script], [sys.executable, "-m", "upload_guard"]):
        result = subprocess.run(
            [*command, "check", "missing"], cwd=tmp_path, capture_output=True, check=False
        )
        assert result.returncode == 2
        assert b"No such file" in result.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with pictures and a list file, and settings without probation."""
    (tmp_path / "listed.jpg").write_bytes(LISTED)
    (tmp_path / "like.jpg").write_bytes(recompressed(LISTED))
    (tmp_path / "other.jpg").write_bytes(picture_bytes(OTHER_SEED))
    (tmp_path / "broken.jpg").write_bytes(LISTED[:4000])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "list.txt").write_text(f"{digests_of(LISTED).md5.hex()}\npdq {pdq_of(LISTED).hex()}\n")
    (tmp_path / "config.toml").write_text("[trust]\nprobation_hours = 0\n")
    return tmp_path


@pytest.fixture
def with_list(folder: Path) -> Path:
    """The same with the list imported and active."""
    run(folder, "list", "import", "icse", "list.txt", "--category", "baseline", "--origin", "interpol")
    run(folder, "list", "activate", "icse")
    return folder


def check(folder: Path, *files: str) -> Said:
    return run(folder, "--config", "config.toml", "check", *files)


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert run(tmp_path, "version").stdout == f"upload-guard {__version__}\n"


def test_help_lists_every_command(tmp_path: Path) -> None:
    text = run(tmp_path, "--help").stdout
    for command in ("check", "list", "serve", "demo", "quarantine", "version"):
        assert f"\n  {command} " in text


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["other.jpg"], 0),
        (["empty.jpg"], 0),
        (["listed.jpg"], 1),
        (["like.jpg"], 1),
        (["broken.jpg"], 3),
        (["missing.jpg"], 2),
        (["."], 2),
        (["other.jpg", "listed.jpg", "broken.jpg"], 1),
        (["other.jpg", "broken.jpg"], 3),
        (["listed.jpg", "missing.jpg"], 1),
        (["other.jpg", "missing.jpg"], 2),
    ],
    ids=str,
)
def test_the_exit_code_is_that_of_the_gravest_file(with_list: Path, files: list[str], code: int) -> None:
    assert check(with_list, *files).returncode == code


def test_without_an_active_list_a_file_is_unchecked(folder: Path) -> None:
    result = check(folder, "other.jpg")
    assert result.returncode == 4
    assert "unchecked" in result.stdout
    assert "no_list" in result.stdout


def test_a_sidecar_that_does_not_answer_leaves_a_file_unchecked(folder: Path) -> None:
    (folder / "config.toml").write_text('[service]\nurl = "http://127.0.0.1:9"\n')
    result = check(folder, "other.jpg")
    assert result.returncode == 4
    assert "unreachable" in result.stdout


def test_the_table_says_why(with_list: Path) -> None:
    text = check(with_list, "listed.jpg", "like.jpg", "other.jpg").stdout
    assert "md5 on icse v1 (baseline), entry 1" in text
    assert "pdq on icse v1 (baseline), entry 2" in text
    assert "of 31 bits away, frame 0" in text


def test_json_has_one_object_a_file(with_list: Path) -> None:
    lines = check(with_list, "--json", "like.jpg", "missing.jpg").stdout.splitlines()
    like, missing = (json.loads(line) for line in lines)
    assert (like["result"], like["action"], like["matches"][0]["list"]) == ("match", "quarantine", "icse")
    assert missing == {"file": "missing.jpg", "error": "No such file or directory"}


def test_a_damaged_list_is_an_error_and_no_verdict(with_list: Path) -> None:
    damage_lists(Settings(data_dir=with_list / "upload_guard_data"))
    result = check(with_list, "other.jpg")
    assert result.returncode == 2
    assert "is damaged" in result.stdout


def test_what_an_uploader_chose_cannot_steer_the_terminal(with_list: Path) -> None:
    name = "\x1b[31mred\nfake line.jpg"
    (with_list / name).write_bytes(b"x")
    text = check(with_list, name).stdout
    assert "\x1b" not in text
    assert len(text.splitlines()) == 2


def test_checking_keeps_nothing(with_list: Path) -> None:
    check(with_list, "listed.jpg")
    assert run(with_list, "quarantine", "list").stdout == "The quarantine is empty.\n"


def test_an_imported_list_acts_only_after_activation(folder: Path) -> None:
    imported = run(folder, "list", "import", "icse", "list.txt", "--category", "baseline", "--origin", "x")
    assert "icse version 1: 2 entries (1 md5, 1 pdq; 2 baseline), " in imported.stdout
    assert check(folder, "listed.jpg").returncode == 4
    assert run(folder, "list", "activate", "icse").returncode == 0
    assert check(folder, "listed.jpg").returncode == 1


def test_a_retracted_hash_stops_acting_and_an_added_one_acts(with_list: Path) -> None:
    (with_list / "one.txt").write_text(f"pdq {pdq_of(LISTED).hex()}\n")
    assert "1 retracted" in run(with_list, "list", "retract", "icse", "one.txt").stdout
    assert check(with_list, "like.jpg").returncode == 0
    assert check(with_list, "listed.jpg").returncode == 1
    assert "1 added" in run(with_list, "list", "add", "icse", "one.txt", "--category", "baseline").stdout
    assert check(with_list, "like.jpg").returncode == 1


def test_who_retracts_is_told_what_stops_acting_and_what_never_did(with_list: Path) -> None:
    listed, elsewhere = (digests_of(data).md5.hex() for data in (LISTED, b"elsewhere"))
    mistyped = "0" * 32
    (with_list / "other.txt").write_text(elsewhere)
    run(with_list, "list", "import", "other", "other.txt", "--category", "baseline", "--origin", "x")
    run(with_list, "list", "activate", "other")
    (with_list / "many.txt").write_text("\n".join([listed, listed.upper(), mistyped, elsewhere]))
    said = run(with_list, "list", "retract", "icse", "many.txt").stdout
    assert "3 retracted. 1 in the active version, which stop acting" in said
    assert "1 not in it, but in other lists, where they go on acting" in said
    assert "1 on no active list (check for a mistyped digit)" in said


def test_what_is_not_built_here_can_be_retracted(with_list: Path) -> None:
    shutil.rmtree(with_list / "upload_guard_data" / "snapshots")
    said = run(with_list, "list", "retract", "icse", "list.txt").stdout
    assert "2 retracted. What is active is not built here" in said


def test_hashes_to_change_can_come_on_standard_input(with_list: Path) -> None:
    command = [sys.executable, "-m", "upload_guard", "list", "retract", "icse"]
    subprocess.run(command, cwd=with_list, input=digests_of(LISTED).md5.hex(), text=True, check=True)
    result = check(with_list, "--json", "listed.jpg")
    assert {match["signal_type"] for match in json.loads(result.stdout)["matches"]} == {"pdq"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "icse", "list.txt", "--category", "basline"), "no rule for category 'basline'"),
        (("add", "icse", "gone.txt", "--category", "baseline"), "gone.txt: cannot be read"),
        (("retract", "other", "list.txt"), "there is no list 'other'"),
        (("retract", "icse", "config.toml"), "config.toml:1: "),
    ],
)
def test_a_change_that_cannot_be_made_exits_2(with_list: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run(with_list, "list", *arguments)
    assert result.returncode == 2
    assert said in result.stderr


def test_verify_says_that_all_is_as_it_was_built_or_what_is_not(with_list: Path) -> None:
    assert "2 entries are active" in run(with_list, "list", "verify").stdout
    damage_lists(Settings(data_dir=with_list / "upload_guard_data"))
    result = run(with_list, "list", "verify")
    assert result.returncode == 2
    assert "has 7 bytes" in result.stderr


def imported(folder: Path, *more: str) -> Said:
    return run(folder, *more, "list", "import", "icse", "list.txt", "--category", "illegal")


def active_versions(folder: Path) -> list[bool]:
    rows = run(folder, "list", "show").stdout.split("\n\n")[0].splitlines()[1:]
    return [row.split()[3] == "since" for row in rows]


def test_a_later_version_follows_by_itself_and_the_first_did_not(with_list: Path) -> None:
    said = imported(with_list).stdout
    assert "It is active now" in said
    assert active_versions(with_list) == [False, True]
    assert run(with_list, "list", "show").stdout.splitlines()[-1].split()[-1] == "automatic"


def test_a_version_that_the_gate_holds_waits_and_says_why(with_list: Path) -> None:
    (with_list / "many.txt").write_text("".join(f"{number:032x}\n" for number in range(1000, 1030)))
    said = run(with_list, "list", "import", "icse", "many.txt", "--category", "illegal")
    assert said.returncode == 0
    assert "It waits: list 'icse' version 2 is held: it grows from 2 to 30 acting entries" in said.stdout
    assert active_versions(with_list) == [True, False]
    run(with_list, "list", "approve", "icse", "2", "--because", "the supplier said so")
    assert run(with_list, "list", "activate", "icse", "2").returncode == 0
    assert active_versions(with_list) == [False, True]


def test_a_list_that_is_manual_waits_for_a_person(with_list: Path) -> None:
    (with_list / "config.toml").write_text('[lists.icse]\nactivate = "manual"\n')
    said = imported(with_list, "--config", "config.toml").stdout
    assert 'It waits: activate = "manual" in [lists.icse].' in said
    assert "upload-guard list activate icse 2" in said
    assert active_versions(with_list) == [True, False]


def test_a_rollback_is_shown_and_holds_back_what_comes_next(with_list: Path) -> None:
    imported(with_list)
    assert "icse is back at version 1: 2 entries" in run(with_list, "list", "rollback", "icse", "1").stdout
    assert "It waits: the list was rolled back to version 1." in imported(with_list).stdout
    assert active_versions(with_list) == [True, False, False]
    activations = run(with_list, "list", "show").stdout.split("\n\n")[1].splitlines()[1:]
    assert [row.split()[3] for row in activations] == ["1", "2", "1"]
    assert [row.split()[-1] for row in activations] == ["manual", "automatic", "rollback"]


def test_list_show_tells_all_of_a_version(with_list: Path) -> None:
    (with_list / "one.txt").write_text(digests_of(b"one").md5.hex())
    run(with_list, "list", "add", "icse", "one.txt", "--category", "illegal")
    row = run(with_list, "list", "show").stdout.splitlines()[1]
    assert row.startswith("icse")
    for part in ("interpol", "1 md5, 1 pdq", "2 baseline", "list.txt"):
        assert part in row
    stored = Settings(data_dir=with_list / "upload_guard_data").lists_dir / "icse" / "000001.jsonl"
    assert row.split()[-1] == digests_of(stored.read_bytes()).sha256.hex()[:16]


ICSE = (
    "MD5;SHA1;PhotoDNA;Image ID;Is distributed;Victim identified;Offender identified;Series name;"
    "Number of submissions;File Available;Media Type;Baseline\n"
)


def test_one_file_can_name_several_categories_and_what_is_left_out_is_said(folder: Path) -> None:
    rows = [f"{digests_of(LISTED).md5.hex()};;;1;;;;;;;Image;True", f"{'1' * 32};;;2;;;;;;;Image;False"]
    (folder / "list.txt").write_text(ICSE + "\n".join([*rows, f"{'2' * 32};;;3;;;;;;;Video;True"]))
    said = run(folder, "list", "import", "icse", "list.txt", "--origin", "interpol").stdout
    assert "2 entries (2 md5; 1 baseline, 1 other)" in said
    assert "Left out: 1 videos" in said
    run(folder, "list", "activate", "icse")
    assert "md5 on icse v1 (baseline)" in check(folder, "listed.jpg").stdout


def test_a_suppliers_own_categories_need_rules(folder: Path) -> None:
    medium = {"MD5": digests_of(LISTED).md5.hex(), "Category": 1}
    (folder / "list.txt").write_text(json.dumps({"odata.metadata": "/1.3.xml#Media", "value": [medium]}))
    command = ("list", "import", "vic", "list.txt", "--origin", "project-vic")
    assert "no rule for category '1'" in run(folder, *command).stderr
    (folder / "config.toml").write_text(
        '[trust]\nprobation_hours = 0\n[lists.vic]\nactions = { 1 = "block" }\n'
    )
    assert "1 entries (1 md5; 1 1)" in run(folder, "--config", "config.toml", *command).stdout
    run(folder, "--config", "config.toml", "list", "activate", "vic")
    assert check(folder, "listed.jpg").returncode == 1


def test_a_list_can_be_exported_and_imported_again(with_list: Path) -> None:
    to_stdout = run(with_list, "list", "export", "icse")
    to_file = run(with_list, "list", "export", "icse", "1", "--format", "jsonl", "--output", "out")
    assert (to_file.stdout, "2 entries written" in to_file.stderr) == ("", True)
    assert (with_list / "out").read_text() == to_stdout.stdout
    again = run(with_list, "list", "import", "again", "out", "--origin", "interpol", "--keep-dates")
    assert "2 entries (1 md5, 1 pdq; 2 baseline)" in again.stdout
    assert run(with_list, "list", "export", "again").stdout == to_stdout.stdout


def test_with_no_list_show_says_what_to_do(tmp_path: Path) -> None:
    assert "list import" in run(tmp_path, "list", "show").stdout


IMPORT = ("list", "import", "icse", "list.txt", "--origin", "x", "--category")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("list", "import", "icse", "gone.txt", "--origin", "x", "--category", "baseline"),
            "gone.txt: cannot be",
        ),
        ((*IMPORT, "baselin"), "no rule for category 'baselin': use baseline, illegal"),
        (("list", "import", "icse", "list.txt", "--category", "baseline"), "say with --origin"),
        (("list", "import", "A B", "list.txt", "--category", "baseline", "--origin", "x"), "is no list name"),
        (("list", "activate", "nothing"), "there is no list 'nothing'"),
        (("list", "activate", "nothing", "x"), "not a valid integer range"),
        (("list", "rollback", "nothing", "1"), "there is no list 'nothing'"),
        (("list", "export", "nothing"), "there is no list 'nothing'"),
        (("list", "import", "icse", "list.txt", "--origin", "x"), "list.txt: names no category"),
        ((*IMPORT, "baseline", "--format", "vics"), "list.txt: is no VICS"),
        (("--config", "gone.toml", "list", "show"), "gone.toml: cannot be read: No such file"),
        (("check",), "Missing argument 'FILES...'"),
        (("nonsense",), "No such command 'nonsense'"),
        (("serve", "--port", "70000"), "argument: sidecar.port: must be less than or equal to 65535"),
        (("serve", "--host", "0.0.0.0"), "must be a loopback address"),  # noqa: S104 - refused
    ],
)
def test_an_error_is_one_line_and_exit_2(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run(folder, *arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


def test_a_bad_line_is_named_and_nothing_is_imported(folder: Path) -> None:
    (folder / "list.txt").write_text("# a comment\nd41d8cd98f00b204e9800998ecf8427f\nno hash\n")
    result = run(folder, *IMPORT, "baseline")
    assert result.returncode == 2
    assert "list.txt:3: " in result.stderr
    assert "No list yet" in run(folder, "list", "show").stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sidecar]\nport = 'x'\n", "config.toml: sidecar.port: must be a whole number; got 'x'"),
        ("[sidecar]\nprot = 1\n", "config.toml: sidecar.prot: no such option; accepted: tls, certificate"),
        ("[sidecar\n", "config.toml: is not TOML"),
    ],
)
def test_serve_ends_in_one_line_before_it_listens(folder: Path, text: str, words: str) -> None:
    (folder / "config.toml").write_text(text)
    result = run(folder, "--config", "config.toml", "serve")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert words in result.stderr


def test_serve_on_a_data_folder_that_is_a_file_ends_in_one_line(folder: Path) -> None:
    (folder / "config.toml").write_text('data_dir = "list.txt"\n')
    result = run(folder, "--config", "config.toml", "serve")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
