"""Commands are found by their names, and none is imported for another."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from upload_guard.cli.main import cli

CONTEXT = click.Context(cli)


@pytest.mark.parametrize("name", cli.list_commands(CONTEXT))
def test_a_command_goes_by_its_own_name(name: str) -> None:
    command = cli.get_command(CONTEXT, name)
    assert command is not None
    assert command.name == name


def test_a_name_that_is_none_is_no_command() -> None:
    assert cli.get_command(CONTEXT, "delete") is None


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [(["key", "--help"], "False"), (["check", "--help"], "True")],
    ids=["of another command", "of its own"],
)
def test_to_run_a_command_takes_only_what_is_its_own(arguments: list[str], imported: str) -> None:
    code = f"""
import sys
from upload_guard.cli.main import cli
cli.main({arguments!r}, standalone_mode=False)
print("upload_guard.cli.check" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.splitlines()[-1] == imported
