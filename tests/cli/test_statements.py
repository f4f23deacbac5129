"""upload-guard statements: what is told, what delays it, which appeals wait."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from tests.statements.houses import House, house_in
from upload_guard.cli.context import App
from upload_guard.cli.statements import statements
from upload_guard.settings import Settings


class _App(App):
    """Of a house that is there already."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(None)
        self.__dict__["settings"] = settings


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("statements"))


def run(house: House, *arguments: str) -> Result:
    return CliRunner().invoke(statements, list(arguments), obj=_App(house.settings))


def test_what_was_told_and_what_became_of_it_is_listed(house: House) -> None:
    number, _ = house.appealed()
    said = run(house, "list").output
    assert number in said
    assert "1 appeals wait for a person" in said
    assert "open" in said


def test_the_text_is_printed_in_a_language(house: House) -> None:
    number = house.confirmed()
    house.statements.look()
    assert "Motivering" in run(house, "show", number, "--language", "nl").output


def test_a_delay_is_placed_until_the_end_of_a_day_and_lifted(house: House) -> None:
    number = house.held()
    placed = run(house, "delay", number, "--until", "2099-12-31", "--because", "police, ref 12")
    assert "before 2099-12-31 23:59 UTC" in placed.output
    assert house.delays.of(number)
    assert "Nothing delays" in run(house, "lift-delay", number).output
    assert house.delays.of(number) is None


def test_an_end_that_is_over_is_refused(house: House) -> None:
    refused = run(house, "delay", house.held(), "--until", "2020-01-01", "--because", "police")
    assert "in the future" in str(refused.exception)
