"""Passwords: argon2id (RFC 9106) by argon2-cffi, and which ones are too easy by zxcvbn."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from upload_guard.errors import UsageError

LEAST = 12
MOST = 256
# What is longer is judged by its beginning: of 64 signs that all may stand for letters zxcvbn thinks for two
# seconds, and no upload is checked meanwhile.
_JUDGED = 32
# "Safely unguessable: moderate protection from an offline attack", of 0 to 4.
_SCORE = 3
# Without those that look alike.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_EVIDENT = ("upload", "guard", "upload-guard", "upload_guard", "review", "quarantine")


@dataclass(frozen=True, slots=True)
class Passwords:
    """Hashes passwords and compares them. Hashes of earlier, weaker parameters still compare."""

    hasher: PasswordHasher = field(default_factory=PasswordHasher)

    def hashed(self, password: str) -> str:
        """In the PHC string format."""
        return self.hasher.hash(_normal(password))

    def is_right(self, hashed: str | None, password: str) -> bool:
        """Takes as long where there is no hash to compare with."""
        try:
            return self.hasher.verify(hashed or self._nobodys(), _normal(password)) and hashed is not None
        except (Argon2Error, InvalidHashError):
            return False

    def is_outdated(self, hashed: str) -> bool:
        """Whether it was made with other parameters than are used now."""
        return self.hasher.check_needs_rehash(hashed)

    def _nobodys(self) -> str:
        """The hash of no password, with the parameters in use."""
        own = self.hasher
        blank = "A" * 22
        return (
            f"$argon2id$v=19$m={own.memory_cost},t={own.time_cost},p={own.parallelism}$"
            f"{blank}${'A' * _base64_length(own.hash_len)}"
        )


def usable(password: str, name: str) -> str:
    """The password, if it is none that would soon be guessed. Raises `UsageError`, which says why."""
    if len(password) < LEAST:
        raise UsageError(f"the password is too short: it takes {LEAST} characters, and words will do")
    if len(password) > MOST:
        raise UsageError(f"the password is too long: {MOST} characters at most")
    # Its dictionaries take a while to read, which most commands can do without.
    from zxcvbn import zxcvbn

    if zxcvbn(password[:_JUDGED], user_inputs=[name, *_EVIDENT])["score"] < _SCORE:
        raise UsageError("the password is easy to guess: take four words or more that do not belong together")
    return password


def drawn() -> str:
    """A password by chance, easy to read out: 75 bits, in groups of five letters and digits."""
    letters = [secrets.choice(_READABLE) for _ in range(15)]
    return "-".join("".join(letters[start : start + 5]) for start in (0, 5, 10))


def _normal(password: str) -> str:
    # The same characters, whatever keyboard they come from (NIST SP 800-63B, 3.1.1.2).
    return unicodedata.normalize("NFKC", password[:MOST])


def _base64_length(size: int) -> int:
    return (size * 4 + 2) // 3
