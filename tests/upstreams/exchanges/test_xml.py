"""XML of others: what it may hold, and every way in which it would reach beyond itself or grow."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.errors import UpstreamGarbled
from upload_guard.upstreams.exchanges.xml import Element, entries_of


def read(text: str | bytes, depth: int = 3) -> list[tuple[str, Element]]:
    body = text.encode() if isinstance(text, str) else text
    return list(entries_of(io.BytesIO(body), "root", "it", depth))


def test_an_entry_comes_with_its_parent_its_attributes_and_its_text() -> None:
    (found,) = read('<root><list><one a="1">x<two>y</two>z</one></list></root>')
    parent, element = found
    assert parent == "list"
    assert (element.name, element.attributes, element.text) == ("one", {"a": "1"}, "xz")
    assert element.said("two") == "y"
    assert element.said("three") == ""


def test_names_come_without_their_namespace() -> None:
    ((parent, element),) = read('<n:root xmlns:n="urn:x"><n:list><n:one n:a="1"/></n:list></n:root>')
    assert (parent, element.name, element.attributes) == ("list", "one", {"a": "1"})


def test_what_stands_above_entries_is_not_kept() -> None:
    assert read("<root>text<list>more</list></root>") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_it_is_read_in_the_encoding_that_it_names(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><root><list><one>é&lt;&#233;</one></list></root>'
    ((_, element),) = read(text.encode(encoding))
    assert element.text == "é<é"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BAD = {
    "billion laughs": f'<!DOCTYPE root [<!ENTITY l0 "ha">{LAUGHS}]><root><l><o>&l9;</o></l></root>',
    "external entity": (
        '<!DOCTYPE root [<!ENTITY x SYSTEM "file:///etc/passwd">]><root><l><o>&x;</o></l></root>'
    ),
    "parameter entity": '<!DOCTYPE root [<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd"> %x;]><root/>',
    "external document type": '<!DOCTYPE root SYSTEM "http://127.0.0.1/x.dtd"><root/>',
    "empty document type": "<!DOCTYPE root><root/>",
    "unknown entity": "<root><l><o>&nothing;</o></l></root>",
    "deep": "<root>" + "<a>" * 100_000,
    "deep and whole": "<root>" + "<a>" * 200 + "</a>" * 200 + "</root>",
    "many elements in an entry": f"<root><l><o>{'<a/>' * 30_000}</o></l></root>",
    "much text in an entry": f"<root><l><o>{'x' * (2 << 20)}</o></l></root>",
    "another root": "<html><body><p>Log in</p></body></html>",
    "another root alone": "<html/>",
    "half": "<root><l><o>1</o>",
    "nothing": "",
    "blank": "   \n",
    "two roots": "<root/><root/>",
    "text": "true",
    "json": '{"root": []}',
    "unknown encoding": '<?xml version="1.0" encoding="x-unknown"?><root/>',
    "encoding of many bytes": '<?xml version="1.0" encoding="gbk"?><root/>',
    "encoding that is none": '<?xml version="1.0" encoding="rot13"?><root/>',
    "bad bytes": b"<root><l><o>\xff\xfe</o></l></root>",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_reaches_beyond_or_is_not_whole_is_refused(text: str | bytes) -> None:
    with pytest.raises(UpstreamGarbled):
        read(text)


def test_a_fault_repeats_nothing_of_what_came() -> None:
    with pytest.raises(UpstreamGarbled, match=r"^it is no XML, or half of it \(line 1, mismatched tag\)$"):
        read("<root><l><o>d41d8cd98f00b204e9800998ecf8427e</x></l></root>")


def test_a_long_list_of_entries_is_read_piece_by_piece() -> None:
    stream = io.BytesIO(b"<root><l>" + b"<o><a>1</a></o>" * 300_000 + b"</l></root>")
    entries = entries_of(stream, "root", "it")
    next(entries)
    assert stream.tell() < len(stream.getvalue())
    assert sum(1 for _ in entries) == 299_999


PARTS = st.sampled_from(
    ["<root>", "</root>", "<l>", "</l>", "<o a='1'>", "</o>", "<o/>", "x", "&amp;", "&#0;", "&e;",
     "<!--", "-->",
     "<![CDATA[", "]]>", "<?xml version='1.0' encoding='utf-7'?>", "<!DOCTYPE root>", "<x:o xmlns:x='u'>",
     "\x00", "\ufffe", "<", ">", "'"]
)  # fmt: skip


@given(
    st.one_of(
        st.binary(max_size=200), st.lists(PARTS, max_size=20).map(lambda parts: "".join(parts).encode())
    )
)
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    try:
        found = read(body)
    except UpstreamGarbled:
        return
    assert all(element.name for _, element in found)
