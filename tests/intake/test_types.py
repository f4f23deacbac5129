"""Charsets that read other letters than were searched, and types that only some take for forms."""

from __future__ import annotations

import pytest

from upload_guard.errors import AmbiguousRequest, UnsupportedEncoding
from upload_guard.intake.types import check_type


@pytest.mark.parametrize(
    "charset",
    [
        *(
            "utf-8",
            "UTF8",
            '"utf-8"',
            "utf-8-sig",
            "us-ascii",
            "iso-8859-1",
            "iso-8859-15",
            "latin1",
            "utf-16",
        ),
        *("windows-1252", "cp1251", "koi8-r", "shift_jis", "euc-jp", "gb18030", "gbk", "big5", "utf-16"),
        *("", "x", "no-such-charset", "base64", "x" * 5000),
    ],
)
def test_a_charset_with_ascii_in_it_or_none_at_all_is_taken(charset: str) -> None:
    check_type(f"text/plain; charset={charset}")


@pytest.mark.parametrize(
    "charset",
    ["cp037", "utf-7", "UTF7", '"utf-7"', "unicode_escape", "raw_unicode_escape", "cp500", "punycode"],
)
def test_a_charset_in_which_ascii_means_something_else_is_refused(charset: str) -> None:
    with pytest.raises(UnsupportedEncoding):
        check_type(f"application/json; x=y; Charset = {charset}")


@pytest.mark.parametrize(
    "content_type", ['"multipart/form-data"; boundary=B', "x multipart/form-data", "a,multipart/x"]
)
def test_a_type_that_only_some_take_for_a_form_is_refused(content_type: str) -> None:
    with pytest.raises(AmbiguousRequest):
        check_type(content_type)


@pytest.mark.parametrize(
    "content_type", ["", "multipart/form-data; boundary=B", "text/plain; a=multipart/x", "nonsense"]
)
def test_other_types_are_as_they_are(content_type: str) -> None:
    check_type(content_type)
