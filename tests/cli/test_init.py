"""A first configuration: asked for in a terminal, or made by flags."""

from __future__ import annotations

import io
import itertools
import os
import pty
import select
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run
from upload_guard.errors import ConfigError
from upload_guard.first_config import Address, Answers, Deployment, configuration
from upload_guard.loading import load_settings
from upload_guard.settings import Settings

EXAMPLE = Path(__file__).parent.parent.parent / "config.example.toml"


def in_a_terminal(folder: Path, typed: str, *arguments: str) -> Said:
    """`upload-guard init` on a pseudo-terminal, where somebody types a line of these at each prompt."""
    keyboard, screen = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "upload_guard", "init", *arguments],
        cwd=folder,
        stdin=screen,
        stdout=screen,
        stderr=screen,
        env={name: value for name, value in os.environ.items() if not name.startswith("UPLOAD_GUARD_")},
    )
    os.close(screen)
    lines = typed.splitlines()
    shown = ""
    try:
        while portion := _read(keyboard):
            shown += portion
            if shown.endswith("]: "):
                assert lines, f"one question too many: {shown}"
                os.write(keyboard, f"{lines.pop(0)}\n".encode())
        code = process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)
    assert not lines, f"never asked for {lines}: {shown}"
    return Said(code, shown.replace("\r\n", "\n"), "")


def _read(terminal: int) -> str:
    """What comes next; nothing at the end, which on Linux is an error."""
    assert select.select([terminal], [], [], 60)[0], "the command neither asks nor ends"
    try:
        return os.read(terminal, 65536).decode()
    except OSError:
        return ""


def quietly(folder: Path, *arguments: str) -> Said:
    """The same where no terminal is, as in a script."""
    return run(folder, "init", *arguments)


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


# In a terminal ------------------------------------------------------------------------------------


def test_five_questions_make_an_embedded_site(tmp_path: Path) -> None:
    said = in_a_terminal(tmp_path, "embedded\nvar\nblog\nopen\nno\n")
    assert said.returncode == 0, said.stdout
    settings = load_settings(tmp_path / "upload_guard.toml")
    assert (settings.data_dir, settings.site) == (tmp_path / "var", "blog")
    assert {settings.failure.unreachable, settings.failure.timeout, settings.failure.error} == {"open"}
    assert settings.benign.shipped is False
    assert "list import" in said.stdout


def test_the_fifth_question_to_a_sidecar_is_where_it_listens(tmp_path: Path) -> None:
    said = in_a_terminal(tmp_path, "sidecar\n\n\n\n127.0.0.1:9000\n", "here.toml")
    assert said.returncode == 0, said.stdout
    settings = load_settings(tmp_path / "here.toml")
    assert (settings.sidecar.host, settings.sidecar.port) == ("127.0.0.1", 9000)
    assert settings.benign.shipped is True
    assert "upload-guard --config here.toml serve" in said.stdout


def test_the_fifth_question_to_a_client_is_where_its_sidecar_is(tmp_path: Path) -> None:
    said = in_a_terminal(tmp_path, "client\n\nblog\n\nhttps://check.example.org\n")
    assert said.returncode == 0, said.stdout
    assert load_settings(tmp_path / "upload_guard.toml").service.url == "https://check.example.org"
    assert "upload-guard key new blog" in said.stdout


def test_enter_alone_takes_every_default(tmp_path: Path) -> None:
    assert in_a_terminal(tmp_path, "\n" * 5).returncode == 0
    written = (tmp_path / "upload_guard.toml").read_text()
    assert written == EXAMPLE.read_text()


def test_what_a_flag_says_is_not_asked(tmp_path: Path) -> None:
    said = in_a_terminal(tmp_path, "\n" * 3, "--deployment", "sidecar", "--site", "blog")
    assert said.returncode == 0, said.stdout
    assert "How is it deployed" not in said.stdout
    assert "Name of the site" not in said.stdout
    assert load_settings(tmp_path / "upload_guard.toml").site == "blog"


def test_a_wrong_answer_is_asked_again(tmp_path: Path) -> None:
    typed = "cluster\nsidecar\n\nmy blog\nblog\n\n0.0.0.0:80\n127.0.0.1\n[::1]:8467\n"
    said = in_a_terminal(tmp_path, typed)
    assert said.returncode == 0, said.stdout
    assert "letters, digits and . _ -" in said.stdout
    assert "loopback address" in said.stdout
    assert "is no address to listen on" in said.stdout
    assert load_settings(tmp_path / "upload_guard.toml").sidecar.host == "::1"


# By flags -----------------------------------------------------------------------------------------

COMBINATIONS = list(
    itertools.product(
        Deployment, ("closed", "open"), (True, False), ("data", "/srv/a b", 'Q"\\'), ("a", "b.c-d_e")
    )
)


@pytest.mark.parametrize("deployment", Deployment)
def test_every_combination_of_answers_parses_to_them(tmp_path: Path, deployment: Deployment) -> None:
    for number, (made, mode, bank, data, site) in enumerate(COMBINATIONS):
        if made is not deployment:
            continue
        file = tmp_path / f"{number}.toml"
        answers = Answers(deployment, data, site, mode, bank, Address("::1", 9), "https://s.example.org:1")
        file.write_text(configuration(answers))
        settings = load_settings(file)
        assert (settings.data_dir, settings.site) == (tmp_path / data, site)
        assert {settings.failure.unreachable, settings.failure.timeout, settings.failure.error} == {mode}
        assert settings.benign.shipped is bank
        is_sidecar, is_client = deployment is Deployment.SIDECAR, deployment is Deployment.CLIENT
        assert (settings.sidecar.host, settings.sidecar.port) == (
            ("::1", 9) if is_sidecar else ("127.0.0.1", 8467)
        )
        assert settings.service.url == ("https://s.example.org:1" if is_client else "")


def test_the_file_differs_from_the_example_in_the_answers_alone(tmp_path: Path) -> None:
    quietly(tmp_path, "--site", "blog", "--on-failure", "open")
    before = EXAMPLE.read_text().splitlines()
    after = (tmp_path / "upload_guard.toml").read_text().splitlines()
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert differing == ['site = "blog"', 'unreachable = "open"', 'timeout = "open"', 'error = "open"']


def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    said = quietly(tmp_path)
    assert said.returncode == 0
    assert tomllib.loads((tmp_path / "upload_guard.toml").read_text())["site"] == Settings().site
    assert len(said.stdout.splitlines()) == 4


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    quietly(tmp_path)
    assert stat.S_IMODE((tmp_path / "upload_guard.toml").stat().st_mode) == 0o600


def test_a_file_that_is_there_stays_unless_it_is_forced(tmp_path: Path) -> None:
    file = tmp_path / "upload_guard.toml"
    file.write_text("# mine\n")
    file.chmod(0o644)
    said = quietly(tmp_path)
    assert (said.returncode, said.stdout) == (2, "")
    assert "--force" in said.stderr
    assert file.read_text() == "# mine\n"
    assert quietly(tmp_path, "--force").returncode == 0
    assert file.read_text() == EXAMPLE.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == ["upload_guard.toml"]


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--deployment", "cluster"), "is not one of"),
        (("--site", "my blog"), "letters, digits"),
        (("--data-dir", ""), "the path of a folder"),
        (("--listen", "127.0.0.1:9"), "--listen says nothing where --deployment is embedded"),
        (("--service-url", "http://a"), "--service-url says nothing"),
        (("--deployment", "client", "--shipped-bank", "no"), "--shipped-bank says nothing"),
        (("--deployment", "client", "--service-url", "ftp://a"), "http://127.0.0.1:8467"),
        (("--deployment", "sidecar", "--listen", "0.0.0.0:1"), "loopback address"),
        (("--deployment", "sidecar", "--listen", "here"), "is no address"),
        (("--deployment", "sidecar", "--listen", "::1:80"), "is no address"),
    ],
)
def test_a_wrong_flag_is_said_in_one_line_and_writes_nothing(
    tmp_path: Path, flags: tuple[str, ...], why: str
) -> None:
    said = quietly(tmp_path, *flags)
    assert (said.returncode, said.stdout) == (2, "")
    assert why in said.stderr
    assert len(said.stderr.splitlines()) == 1
    assert not (tmp_path / "upload_guard.toml").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = quietly(tmp_path, "etc/upload_guard.toml")
    assert said.returncode == 2
    assert "cannot be written: No such file or directory" in said.stderr


def test_an_answer_that_settings_do_not_take_makes_no_text() -> None:
    with pytest.raises(ConfigError, match="loopback"):
        configuration(Answers(Deployment.SIDECAR, listen=Address("10.0.0.1", 80)))
