"""Reports as files: whole or not there, and the same file when sent again."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from upload_guard.errors import NotWithdrawable, TransportError
from upload_guard.reports.folder import FolderSender
from upload_guard.reports.papers import Paper, Sent

PAPER = Paper("text", "text/plain", "r1.txt", b"all that is known\n")


def test_a_report_is_one_file_that_others_cannot_read(tmp_path: Path) -> None:
    steps: list[object] = []
    sent = FolderSender(tmp_path / "out").send(PAPER, {}, steps.append)
    assert sent == Sent("r1.txt")
    (file,) = (tmp_path / "out").iterdir()
    assert (file.name, file.read_bytes()) == ("r1.txt", PAPER.content)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert steps == [{"file": "r1.txt"}]


def test_sent_again_it_is_the_same_file(tmp_path: Path) -> None:
    sender = FolderSender(tmp_path)
    for _ in range(2):
        sender.send(PAPER, {}, lambda _step: None)
    assert [file.name for file in tmp_path.iterdir()] == ["r1.txt"]


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TransportError) as caught:
        FolderSender(tmp_path / "file" / "out").send(PAPER, {}, lambda _step: None)
    assert not caught.value.permanent


def test_who_has_taken_a_file_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(NotWithdrawable, match="write to them"):
        FolderSender(tmp_path).withdraw(PAPER, {"file": "r1.txt"}, "a slip")
