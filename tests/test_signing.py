"""Signatures of machines, and that docs/machine-keys.md says how to make them, in PHP too."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.debian import unpacked
from upload_guard.signing import EMPTY_DIGEST, WINDOW, Credentials, Request, Signed, parse, sign

PAGE = (Path(__file__).parent.parent / "docs" / "machine-keys.md").read_text(encoding="utf-8")
KEY = Credentials("0123456789abcdef", "an-example-secret-that-opens-nothing")
ASKED = Request("POST", "/v1/check?site=blog&route=%2Fwp")
DIGEST = hashlib.sha256(b"hello").hexdigest()
AT = 1767225600
NONCE = "00112233445566778899aabbccddeeff"
SIGNED = sign(KEY, ASKED, DIGEST, AT, NONCE)


def test_the_documented_example_is_what_we_sign() -> None:
    assert f"    POST {ASKED.target} HTTP/1.1\n    Authorization: {SIGNED.header()}\n" in PAGE
    assert f"`{KEY.key_id}`" in PAGE
    assert f"`{KEY.secret}`" in PAGE


def test_php_makes_the_same_signature(tmp_path: Path) -> None:
    (function,) = re.findall(r"```php\n(.*?)```", PAGE, re.DOTALL)
    values = (KEY.key_id, KEY.secret, ASKED.method, ASKED.target, DIGEST, str(AT), NONCE)
    program = tmp_path / "sign.php"
    program.write_text(
        f"<?php\n{function}\necho upload_guard_authorization(...array_slice($argv, 1));\n", encoding="utf-8"
    )
    made = subprocess.run([php(), "-n", program, *values], capture_output=True, text=True, check=False)
    assert made.stdout == SIGNED.header(), made.stderr


def php() -> str | Path:
    """PHP of this machine, or of Debian."""
    return shutil.which("php") or unpacked("php8.2-cli") / "usr" / "bin" / "php8.2"


def test_what_was_signed_reads_as_it_was_made() -> None:
    assert parse(SIGNED.header()) == SIGNED
    assert SIGNED.is_right(KEY.secret, ASKED)


@pytest.mark.parametrize(
    ("signed", "asked"),
    [
        (replace(SIGNED, key_id="other"), ASKED),
        (replace(SIGNED, timestamp=AT + 1), ASKED),
        (replace(SIGNED, nonce="f" * 32), ASKED),
        (replace(SIGNED, digest=EMPTY_DIGEST), ASKED),
        (SIGNED, Request("PUT", ASKED.target)),
        (SIGNED, Request("POST", "/v1/check")),
        (SIGNED, Request("POST", ASKED.target.replace("%2F", "%2f"))),
        (SIGNED, Request("POST", "/V1/check?site=blog&route=%2Fwp")),
    ],
    ids=["key id", "timestamp", "nonce", "digest", "method", "query", "notation of the query", "path"],
)
def test_everything_that_is_signed_counts(signed: Signed, asked: Request) -> None:
    assert not signed.is_right(KEY.secret, asked)


def test_another_secret_signs_otherwise() -> None:
    assert not SIGNED.is_right("another", ASKED)


def test_no_two_requests_are_signed_alike() -> None:
    assert sign(KEY, ASKED, DIGEST).nonce != sign(KEY, ASKED, DIGEST).nonce


def test_a_timestamp_is_good_for_the_window_either_way() -> None:
    assert all(SIGNED.is_timely(AT + off) for off in (-WINDOW, 0, WINDOW))
    assert not any(SIGNED.is_timely(AT + off) for off in (-WINDOW - 1, WINDOW + 1))


GOOD = SIGNED.header()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic dXNlcjpwYXNz",
        "UploadGuard-HMAC-SHA256",
        GOOD.removesuffix(SIGNED.signature),
        GOOD.replace(" ", "  "),
        GOOD + " ",
        GOOD + "\n",
        f"{GOOD},{GOOD}",
        GOOD.replace(SIGNED.signature, SIGNED.signature.upper()),
        GOOD.replace(NONCE, "short"),
        GOOD.replace(NONCE, "x" * 65),
        GOOD.replace(str(AT), "-5"),
        GOOD.replace(str(AT), "1" * 13),
        GOOD.replace(str(AT), "\u0661" * 10),
        GOOD.replace(KEY.key_id, "a" * 65),
        GOOD.replace(KEY.key_id, "a b"),
    ],
)
def test_any_other_header_is_no_signature(header: str) -> None:
    assert parse(header) is None


def test_the_scheme_may_be_written_in_any_case() -> None:
    assert parse(GOOD.replace("UploadGuard-HMAC", "uploadguard-hmac")) == SIGNED


def test_a_secret_does_not_show_where_credentials_are_printed() -> None:
    assert KEY.secret not in repr(KEY)
    assert SIGNED.signature not in repr(SIGNED)
