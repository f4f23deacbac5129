"""Notations: which one reads a body, whether that is fields, and the texts it gives."""

from __future__ import annotations

import pytest

from upload_guard.errors import Unreadable
from upload_guard.texts.carriers import CARRIERS, carriers_of, holds_fields
from upload_guard.texts.xml import Xml

ALL = frozenset(carrier.name for carrier in CARRIERS)
VALUE = "A" * 60


def name_of(media_type: str, head: bytes) -> str:
    return " ".join(carrier.name for carrier in carriers_of(media_type, head, ALL))


@pytest.mark.parametrize(
    ("media_type", "head", "name"),
    [
        ("application/x-www-form-urlencoded", b"", "urlencoded"),
        ("application/vnd.api+json", b"x", "json"),
        ("text/plain", b' {"a": 1}', "json"),
        ("application/x-www-form-urlencoded", b"{", "urlencoded json"),
        ("application/json", b"<a>", "json xml"),
        ("application/soap+xml", b"x", "xml"),
        ("", b"\xef\xbb\xbf<a>", "xml"),
        ("", b"prose", "text"),
        ("text/plain", bytes(100), "text"),
        ("", b"\0" + VALUE.encode(), "text"),
        ("", VALUE.encode("utf-16"), "text"),
        ("", VALUE.encode("utf-16-be"), "text"),
        ("", "Жизнь".encode() * 50, "text"),
        ("video/mp4", b"\0\0\0\x18ftypisom" + bytes(range(256)) * 4, ""),
        ("", bytes(range(256)) * 16, ""),
        # The beginning of a program: a table of names between numbers.
        ("", b"\x7fELF\x02\x01\x01" + bytes(9) + b"\0_init\0_fini\0\0\0malloc\0\0\0\0free\0" * 40, ""),
    ],
)
def test_a_body_is_read_by_its_type_and_its_beginning(media_type: str, head: bytes, name: str) -> None:
    assert name_of(media_type, head) == name


def test_only_what_is_filled_in_is_fields() -> None:
    assert holds_fields("application/json")
    assert holds_fields("application/x-www-form-urlencoded")
    assert holds_fields("text/xml"), "XML-RPC sends passwords"
    assert not any(map(holds_fields, ("image/svg+xml", "text/plain", "image/jpeg", "")))


@pytest.mark.parametrize("reference", ["&#47;", "&#x2F;", "&#00047;", "&#x" + "0" * 6000 + "2f;", "&sol;"])
def test_a_character_of_xml_may_be_named_in_any_way(reference: str) -> None:
    value = VALUE + reference + VALUE
    assert f"{VALUE}/{VALUE}" in list(Xml().texts(f"<a>{value}</a>".encode()))


@pytest.mark.parametrize("reference", ["&#" + "9" * 5000 + ";", "&#x" + "f" * 5000, "&#;", "&"])
def test_a_reference_that_names_nothing_ends_nothing(reference: str) -> None:
    texts = list(Xml().texts(f"<a>{reference}</a><b>{VALUE}</b>".encode()))
    assert VALUE in texts


@pytest.mark.parametrize("around", ["<a>{}</a>", "{}", "<a><!-- > -->{}<!----></a>", "<a><?p > ?>{}"])
def test_the_text_between_tags_is_one_whatever_cuts_it(around: str) -> None:
    for cut in ("<!---->", "<!-- <b> -->", "<?p?>", "<![CDATA[]]>"):
        texts = list(Xml().texts(around.format(VALUE + cut + VALUE).encode()))
        assert any(VALUE + VALUE in text for text in texts), cut


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_xml_that_declares_entities_cannot_be_read(encoding: str) -> None:
    body = f'<!DOCTYPE a [<!ENTITY e "{VALUE}">]><a>&e;</a>'.encode(encoding)
    with pytest.raises(Unreadable, match="entities"):
        list(Xml().texts(body))
