"""How passwords are kept, and which ones are not taken."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from tests.people.gates import PASSWORD, QUICK
from upload_guard.errors import UsageError
from upload_guard.people.passwords import Passwords, drawn, usable


def test_the_hash_is_argon2id_with_the_parameters_of_rfc_9106() -> None:
    assert Passwords().hashed(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_only_the_right_password_fits() -> None:
    hashed = QUICK.hashed(PASSWORD)
    assert QUICK.is_right(hashed, PASSWORD)
    assert not QUICK.is_right(hashed, PASSWORD + " ")
    assert not QUICK.is_right(None, PASSWORD)
    assert not QUICK.is_right("no hash at all", PASSWORD)


def test_an_accent_typed_in_another_way_is_the_same_password() -> None:
    assert QUICK.is_right(QUICK.hashed("café terraces at noon"), "cafe\u0301 terraces at noon")


def test_comparing_with_nobody_s_hash_takes_the_same_work() -> None:
    """What stands in for the hash that is missing has the parameters in use, and is really computed."""
    stand_in = QUICK._nobodys()
    ours = QUICK.hashed(PASSWORD)
    assert stand_in.split("$")[:4] == ours.split("$")[:4]
    assert [len(part) for part in stand_in.split("$")] == [len(part) for part in ours.split("$")]
    assert not QUICK.hasher.check_needs_rehash(stand_in)


def test_a_hash_of_weaker_parameters_is_outdated() -> None:
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    hashed = QUICK.hashed(PASSWORD)
    assert stronger.is_outdated(hashed)
    assert not QUICK.is_outdated(hashed)
    assert stronger.is_right(hashed, PASSWORD)


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 257])
def test_a_password_has_12_to_256_characters(password: str) -> None:
    with pytest.raises(UsageError, match="characters"):
        usable(password, "ann")


@pytest.mark.parametrize(
    "password",
    ["password1234", "aaaaaaaaaaaaaaaa", "qwertyuiopasdf", "annannannann", "a" * 200, "a" * 32 + PASSWORD],
)
def test_what_is_guessed_first_is_not_taken(password: str) -> None:
    with pytest.raises(UsageError, match="easy to guess"):
        usable(password, "ann")


def test_words_by_chance_are_taken() -> None:
    assert usable(PASSWORD, "ann") == PASSWORD
    made_up = drawn()
    assert usable(made_up, "ann") == made_up
    assert drawn() != made_up
