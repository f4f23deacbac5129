"""The benign bank and the gate as somebody types them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from tests.cli.test_cli import Said, run
from tests.support import LISTED_SEED, OTHER_SEED, digests_of, pdq_of, picture_bytes, recompressed
from tests.upstreams.stand_in import Asked, Reply, stand_in

LISTED, OTHER = picture_bytes(LISTED_SEED), picture_bytes(OTHER_SEED)
NEUTRAL = "[trust]\nprobation_hours = 0\n[benign]\nshipped = false\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A theme with one picture, and settings without probation, by which no version acts by itself."""
    (tmp_path / "upload_guard.toml").write_text(NEUTRAL + '[lists.icse]\nactivate = "manual"\n')
    (tmp_path / "theme" / "img").mkdir(parents=True)
    (tmp_path / "theme" / "img" / "hills.jpg").write_bytes(OTHER)
    (tmp_path / "theme" / "style.css").write_text("body { margin: 0 }")
    (tmp_path / "listed.jpg").write_bytes(LISTED)
    return tmp_path


def guard(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "upload_guard.toml", *arguments)


def import_list(folder: Path, *lines: str, activate: bool = True) -> None:
    (folder / "list.txt").write_text("\n".join(lines))
    said = guard(
        folder, "list", "import", "icse", "list.txt", "--category", "baseline", "--origin", "interpol"
    )
    assert said.returncode == 0, said.stderr
    if activate:
        assert guard(folder, "list", "activate", "icse").returncode == 0


def md5(data: bytes) -> str:
    return digests_of(data).md5.hex()


def test_a_folder_of_images_is_added_by_name_and_nothing_else(folder: Path) -> None:
    said = guard(folder, "benign", "add", "theme")
    assert (said.returncode, said.stdout) == (0, "1 added, 0 were there already, 0 not added\n")
    shown = guard(folder, "benign", "list").stdout
    assert "theme/img/hills.jpg  administrator" in shown
    assert "style.css" not in shown
    assert "1 files of your own, 0 shipped" in shown


def test_adding_again_changes_nothing(folder: Path) -> None:
    guard(folder, "benign", "add", "theme")
    assert guard(folder, "benign", "add", "theme").stdout.startswith("0 added, 1 were there already")


def test_no_image_is_kept(folder: Path) -> None:
    guard(folder, "benign", "add", "theme")
    for file in (folder / "upload_guard_data").rglob("*"):
        if file.is_file():
            assert OTHER[1000:1100] not in file.read_bytes()


def test_a_listed_image_in_a_theme_is_not_added_and_opens_a_case(folder: Path) -> None:
    import_list(folder, md5(LISTED))
    (folder / "theme" / "img" / "dropped.jpg").write_bytes(LISTED)
    said = guard(folder, "benign", "add", "theme")
    assert said.returncode == 1
    assert "theme/img/dropped.jpg  matches an active entry: case " in said.stdout
    assert "1 added" in said.stdout
    assert "dropped" not in guard(folder, "benign", "list").stdout
    case = said.stdout.split("case ")[1].split()[0]
    assert case in guard(folder, "quarantine", "list").stdout


@pytest.mark.parametrize("site", [(), ("--site", "blog")])
def test_neither_is_a_likeness_of_one_for_any_site(folder: Path, site: tuple[str, ...]) -> None:
    import_list(folder, f"pdq {pdq_of(LISTED).hex()}")
    (folder / "theme" / "like.jpg").write_bytes(recompressed(LISTED))
    assert "like.jpg  matches an active entry: case " in guard(folder, "benign", "add", "theme", *site).stdout


def test_nor_is_an_animation_with_a_listed_frame(folder: Path) -> None:
    out, (one, two) = io.BytesIO(), (Image.open(io.BytesIO(data)) for data in (OTHER, LISTED))
    one.save(out, "GIF", save_all=True, append_images=[two])
    import_list(folder, f"pdq {pdq_of(LISTED).hex()}")
    (folder / "theme" / "frames.gif").write_bytes(out.getvalue())
    assert "frames.gif  matches an active entry" in guard(folder, "benign", "add", "theme").stdout


def test_an_image_that_cannot_be_read_is_not_added(folder: Path) -> None:
    (folder / "broken.jpg").write_bytes(OTHER[:4000])
    said = guard(folder, "benign", "add", "broken.jpg")
    assert (said.returncode, "broken.jpg  truncated" in said.stdout) == (1, True)


def test_what_a_check_service_knows_is_not_added_though_it_could_not_tell_of_each_hash(folder: Path) -> None:
    def say(asked: Asked) -> Reply:
        first, *others = (item["id"] for item in json.loads(asked.body)["items"])
        known = {"id": first, "result": "match", "category": "illegal", "compared": ["md5"]}
        faults = [{"id": other, "fault": {"code": "busy"}} for other in others]
        return Reply(json.dumps({"answers": [known, *faults]}).encode())

    with stand_in() as service:
        service.replies["/v1/check/batch"] = say
        (folder / "upload_guard.toml").write_text(
            f"""{NEUTRAL}
            [upstreams.other]
            kind = "upload_guard"
            url = "{service.url}"
            origin = "other"
            user = "key"
            password = "{"secret" * 8}"
            send = ["md5", "sha1"]
            """
        )
        said = guard(folder, "benign", "add", "theme")
    assert said.returncode == 1
    assert "hills.jpg  matches an active entry" in said.stdout


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    said = guard(folder, "benign", "add", "nothing.png")
    assert (said.returncode, "nothing.png: cannot be read" in said.stderr) == (2, True)


def test_an_entry_that_names_a_file_of_the_bank_acts_only_once_that_is_removed(folder: Path) -> None:
    import_list(folder, md5(LISTED), md5(OTHER), activate=False)
    guard(folder, "benign", "add", "theme")
    said = guard(folder, "list", "activate", "icse")
    assert "names a known-good image  theme/img/hills.jpg (administrator)" in said.stdout
    check = ("check", "theme/img/hills.jpg")
    assert guard(folder, *check).returncode == 0
    assert guard(folder, "benign", "remove", "theme/img/hills.jpg").stdout == "1 removed\n"
    assert guard(folder, *check).returncode == 1


def test_removing_what_is_not_there_says_so(folder: Path) -> None:
    said = guard(folder, "benign", "remove", "nothing")
    assert (said.returncode, "has no file of that name" in said.stderr) == (2, True)


def test_examine_shows_the_diff_and_what_is_put_aside(folder: Path) -> None:
    import_list(folder, md5(LISTED))
    import_list(folder, md5(LISTED), md5(OTHER), md5(b""), activate=False)
    said = guard(folder, "list", "examine", "icse")
    rows = [line.split() for line in said.stdout.splitlines()]
    assert ["md5", "baseline", "1", "3", "2", "0", "0", "0"] in rows
    assert "1 of 3 entries are put aside" in said.stdout
    assert "3      md5   digest of the empty file" in said.stdout
    assert said.stdout.endswith("The gate: passes\n")


def test_who_retracts_what_was_put_aside_is_told_so(folder: Path) -> None:
    guard(folder, "benign", "add", "theme")
    import_list(folder, md5(LISTED), md5(OTHER))
    (folder / "some.txt").write_text("\n".join([md5(LISTED), md5(OTHER), md5(b"mistyped")]))
    said = guard(folder, "list", "retract", "icse", "some.txt").stdout
    assert "3 retracted. 1 in the active version" in said
    assert "1 in it, but put aside by the gate, which did not act" in said
    assert "1 on no active list (check for a mistyped digit)" in said


def test_list_add_names_what_it_leaves_out_and_adds_the_rest(folder: Path) -> None:
    guard(folder, "benign", "add", "theme")
    import_list(folder, md5(b"any"))
    (folder / "more.txt").write_text("\n".join([md5(OTHER), md5(LISTED), md5(b"")]))
    said = guard(folder, "list", "add", "icse", "more.txt", "--category", "baseline")
    assert said.returncode == 1
    assert "icse: 1 added" in said.stdout
    assert "2 not added" in said.stdout
    assert "1      md5   names a known-good image  theme/img/hills.jpg (administrator)" in said.stdout
    assert "3      md5   digest of the empty file" in said.stdout
    assert md5(OTHER) not in said.stdout + said.stderr
    assert guard(folder, "check", "listed.jpg").returncode == 1
    assert "hills.jpg  clean " in guard(folder, "check", "theme/img/hills.jpg").stdout
    (folder / "more.txt").write_text(md5(LISTED))
    assert guard(folder, "list", "add", "icse", "more.txt", "--category", "baseline").returncode == 0


def test_a_held_version_is_activated_once_it_is_approved(folder: Path) -> None:
    import_list(folder, *(md5(bytes([number])) for number in range(10)))
    import_list(folder, md5(LISTED), activate=False)
    held = guard(folder, "list", "activate", "icse", "2")
    assert held.returncode == 2
    assert "The gate: held: it shrinks from 10 to 1 acting entries" in held.stdout
    assert "list examine icse 2" in held.stderr
    assert guard(folder, "list", "approve", "icse", "2").returncode == 2
    assert guard(folder, "list", "approve", "icse", "2", "--because", "they said so").returncode == 0
    assert guard(folder, "list", "activate", "icse", "2").returncode == 0


def test_a_pinned_list_takes_only_what_is_signed(folder: Path) -> None:
    key = Ed25519PrivateKey.generate()
    pinned = f'[lists.icse]\npublic_key = "{key.public_key().public_bytes_raw().hex()}"\n'
    (folder / "upload_guard.toml").write_text(NEUTRAL + pinned)
    (folder / "list.txt").write_text(md5(LISTED))
    (folder / "list.sig").write_bytes(key.sign((folder / "list.txt").read_bytes()))
    (folder / "bad.sig").write_bytes(key.sign(b"something else"))
    command = ("list", "import", "icse", "list.txt", "--category", "baseline", "--origin", "interpol")
    assert "give its signature" in guard(folder, *command).stderr
    assert "is no signature of this file" in guard(folder, *command, "--signature", "bad.sig").stderr
    assert guard(folder, "list", "show").stdout.startswith("No list yet")
    assert guard(folder, *command, "--signature", "list.sig").returncode == 0


def test_a_signature_that_nobody_can_judge_is_refused(folder: Path) -> None:
    (folder / "list.txt").write_text(md5(LISTED))
    said = guard(
        folder,
        *("list", "import", "icse", "list.txt", "--category", "baseline", "--origin", "interpol"),
        *("--signature", "list.txt"),
    )
    assert (said.returncode, "set [lists.icse] public_key" in said.stderr) == (2, True)
