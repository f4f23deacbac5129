"""Signal types on the command line."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from upload_guard.cli.signal_type import METAVAR, signal_type_of
from upload_guard.records import SignalType


@click.command()
@click.option("--signal-type", metavar=METAVAR, callback=signal_type_of)
def named(signal_type: SignalType | None) -> None:
    click.echo(repr(signal_type and signal_type.size))


@pytest.mark.parametrize(("word", "size"), [("pdq", 32), ("neuralhash-96", 12)])
def test_it_takes_a_built_in_type_and_a_plug_ins(word: str, size: int) -> None:
    assert CliRunner().invoke(named, ["--signal-type", word]).output == f"{size}\n"


def test_without_the_option_there_is_none() -> None:
    assert CliRunner().invoke(named, []).output == "None\n"


@pytest.mark.parametrize("word", ["sha512", "PDQ", "neuralhash", "neuralhash-97"])
def test_any_other_word_is_told_what_there_is(word: str) -> None:
    result = CliRunner().invoke(named, ["--signal-type", word])
    assert result.exit_code == 2
    known = "md5, sha1, sha256, pdq, phash, dhash"
    assert f"is not one of {known}, or a plug-in's, as neuralhash-96" in result.output


def test_help_names_them() -> None:
    assert "NAME-BITS" in CliRunner().invoke(named, ["--help"]).output
