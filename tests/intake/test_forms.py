"""Forms: parsed strictly, rebuilt canonically, every byte of every part accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.sansio.multipart import Data, Epilogue, File, MultipartDecoder

from tests.support import digest_of
from upload_guard.errors import AmbiguousRequest, BodyTooLarge
from upload_guard.intake.body import Spool
from upload_guard.intake.forms import Form, FormLimits, is_form, log_and_go_on, refuse, spool_form

LIMITS = FormLimits(max_parts=50, max_header=8192, doubt=refuse)
LENIENT = replace(LIMITS, doubt=log_and_go_on)
PLAIN = 'form-data; name="a"; filename="a.jpg"'


def one_part(
    disposition: str = PLAIN, data: bytes = b"data", headers: str = "", boundary: str = "B"
) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n{headers}\r\n"
    return head.encode() + data + f"\r\n--{boundary}--\r\n".encode()


def parse(
    body: bytes,
    content_type: str = "multipart/form-data; boundary=B",
    step: int = 1 << 16,
    limits: FormLimits = LIMITS,
) -> tuple[Form, bytes]:
    """The form and what the spool then holds."""
    spool = Spool(Path("/tmp"))  # noqa: S108 - has no name there
    try:
        form = spool_form(pieces(body, step), content_type, spool, limits)
        return form, spool.slice(0, spool.size).open().read()
    finally:
        spool.close()


def pieces(body: bytes, step: int) -> Iterator[bytes]:
    yield from (body[at : at + step] for at in range(0, len(body), step))


names = st.text(
    st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters='"\\%;='), max_size=20
)
# Payloads full of what ends a part, or nearly does.
payloads = st.lists(
    st.sampled_from(
        [b"\r\n", b"\r", b"\n", b"--", b"--B", b"\r\n--", b"\r\n-", b"B", b"x" * 5000, b"\xff\xd8"]
    ),
    max_size=12,
).map(b"".join)


@given(
    st.lists(st.tuples(names, names, payloads.filter(lambda data: b"\r\n--B" not in data)), max_size=6),
    st.integers(1, 9000),
)
def test_any_form_in_any_portions_is_rebuilt_with_the_same_parts(
    parts: list[tuple[str, str, bytes]], step: int
) -> None:
    body = b"".join(
        f'--B\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'.encode()
        + data
        + b"\r\n"
        for name, file, data in parts
    )
    form, canonical = parse(body + b"--B--\r\n", step=step)
    assert [part.file_name for part in form.parts] == [file for _, file, _ in parts]
    assert [part.digest for part in form.parts] == [digest_of(data) for _, _, data in parts]
    assert read_by_werkzeug(form, canonical) == parts


def read_by_werkzeug(form: Form, canonical: bytes) -> list[tuple[str, str, bytes]]:
    """What an application's parser finds in the rebuilt form: name, file name and bytes, in order."""
    decoder = MultipartDecoder(form.content_type.partition("boundary=")[2].encode())
    decoder.receive_data(canonical)
    decoder.receive_data(None)
    found: list[tuple[str, str, bytes]] = []
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, File):
            found.append((event.name, event.filename, b""))
        if isinstance(event, Data):
            name, file, data = found.pop()
            found.append((name, file, data + event.data))
    return found


@pytest.mark.parametrize("size", [*range(65_400, 65_440), *range(65_500, 65_560), 131_072, 131_073])
def test_digests_are_those_of_the_exact_bytes_around_the_size_of_a_portion(size: int) -> None:
    data = b"\r" * size
    form, canonical = parse(one_part(data=data))
    assert form.parts[0].digest == digest_of(data)
    assert canonical.count(b"\r" * size) == 1


def test_the_part_lies_in_the_spool_where_its_content_says() -> None:
    spool = Spool(Path("/tmp"))  # noqa: S108 - has no name there
    form = spool_form(iter([one_part(data=b"hello")]), "multipart/form-data; boundary=B", spool, LIMITS)
    with form.parts[0].content.open() as content:
        assert content.read() == b"hello"
    spool.close()


def test_the_boundary_is_fresh_each_time() -> None:
    assert parse(one_part())[0].content_type != parse(one_part())[0].content_type


def test_headers_of_a_part_are_kept_as_sent() -> None:
    headers = "Content-Type: image/jpeg\r\nX-Camera: old\r\n"
    canonical = parse(one_part(headers=headers))[1]
    assert b"Content-Disposition: " + PLAIN.encode() + b"\r\n" + headers.encode() in canonical


@pytest.mark.parametrize(
    "disposition",
    [
        'form-data; name="a"; filename="my name=5;filename.jpg"',
        "form-data; name=a; filename=b.jpg",
        'form-data; name="a"; filename="caf.jpg"; filename*=UTF-8\'\'caf%C3%A9.jpg',
        'form-data; name="a"; filename="a \\"quoted\\" name.jpg"',
        'FORM-DATA; name="a"; filename="%22.jpg"',
    ],
)
def test_the_ways_in_which_real_clients_write_names_are_taken(disposition: str) -> None:
    form, canonical = parse(one_part(disposition))
    assert form.parts[0].is_file
    assert disposition.encode() in canonical


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\n\r\n"], ids=["none", "one", "two"])
def test_line_ends_after_the_form_are_taken_in_any_portions(end: bytes) -> None:
    body = one_part() + end
    assert {parse(body, step=step)[0].parts[0].digest for step in range(1, len(body) + 1)} == {
        digest_of(b"data")
    }


@pytest.mark.parametrize("step", [1, 7, 1 << 16])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"preamble\r\n" + one_part(), id="preamble"),
        pytest.param(one_part() + b"epilogue", id="epilogue"),
        pytest.param(one_part().replace(b"\r\n", b"\n"), id="LF only"),
        pytest.param(one_part().replace(b"\r\n", b"\r"), id="CR only"),
        pytest.param(one_part()[:-8], id="no final boundary"),
        pytest.param(one_part(headers="X-A: one\r\n two\r\n"), id="folded header"),
        pytest.param(one_part(headers="Content-Disposition: form-data; name=b\r\n"), id="disposition twice"),
        pytest.param(one_part(headers="Content-Type: a/b\r\ncontent-type: c/d\r\n"), id="type twice"),
        pytest.param(one_part('form-data; name="a"; filename="a"; filename="b"'), id="file name twice"),
        pytest.param(one_part('form-data; name="a"; name="b"'), id="name twice"),
        pytest.param(one_part('form-data; filename="b"'), id="no name"),
        pytest.param(one_part('attachment; name="a"; filename="b"'), id="no form-data"),
        pytest.param(one_part('form-data; name="a"; filename="b'), id="open quote"),
        pytest.param(one_part('form-data; name="a\nX: y"'), id="line feed in a header"),
        pytest.param(one_part('form-data; name="a\0"'), id="NUL in a header"),
        pytest.param(one_part(headers="Content-Transfer-Encoding: base64\r\n"), id="transfer encoding"),
        pytest.param(
            one_part(headers="Content-Type: Multipart/Mixed; boundary=c\r\n"), id="multipart within"
        ),
        pytest.param(b"--B\r\n\r\ndata\r\n--B--\r\n", id="no headers"),
        pytest.param(one_part(headers="no colon\r\n"), id="header without colon"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_in_any_portions(body: bytes, step: int) -> None:
    with pytest.raises(AmbiguousRequest):
        parse(body, step=step)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=B; boundary=C",
        "multipart/form-data; boundary=B; Boundary =C",
        'multipart/form-data; x="; boundary=B"; boundary=C',
        "multipart/form-data; boundary*=UTF-8''B; boundary=B",
        'multipart/form-data; boundary="B\\""',
        'multipart/form-data; boundary="B "',
        f"multipart/form-data; boundary={'B' * 71}",
        "multipart/form-data; boundary=B\u00e9",
    ],
)
def test_a_doubtful_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(AmbiguousRequest):
        parse(one_part(), content_type)


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data; boundary=B", 'Multipart/Form-Data;charset=utf-8;Boundary="B"'],
)
def test_a_boundary_is_found_however_it_is_written(content_type: str) -> None:
    assert is_form(content_type)
    assert len(parse(one_part(), content_type)[0].parts) == 1


def test_too_many_parts_are_too_large() -> None:
    body = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 51 + b"--B--\r\n"
    with pytest.raises(BodyTooLarge):
        parse(body)


def test_an_overlong_header_is_too_large() -> None:
    with pytest.raises(BodyTooLarge):
        parse(one_part(headers=f"X-A: {'x' * 9000}\r\n"))


def test_other_content_types_are_no_form() -> None:
    for content_type in ("", "application/json", "text/plain; multipart/form-data"):
        assert not is_form(content_type)


@pytest.mark.parametrize("subtype", ["mixed", "related", "form-datax", "x"])
def test_another_multipart_type_is_refused_since_some_framework_may_read_it_as_a_form(subtype: str) -> None:
    content_type = f"multipart/{subtype}; boundary=B"
    assert is_form(content_type)
    with pytest.raises(AmbiguousRequest):
        parse(one_part(), content_type)


def test_an_error_holds_no_bytes_of_the_form() -> None:
    for header in (b'X-Secret\r\nfilename="a.jpg"', b"secret: x\r\nsecret: y"):
        with pytest.raises(AmbiguousRequest) as caught:
            parse(one_part().replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n", 1))
        assert "secret" not in str(caught.value).lower()


@pytest.mark.parametrize("limits", [LIMITS, LENIENT], ids=["strict", "lenient"])
@pytest.mark.parametrize(
    ("raw", "name"),
    [
        pytest.param("Åse voilà.jpg".encode(), "Åse voilà.jpg", id="UTF-8"),
        pytest.param("Åse voilà.jpg".encode("latin-1"), "Åse voilà.jpg", id="Latin-1"),
        pytest.param("写真.jpg".encode("shift_jis"), None, id="Shift JIS"),
    ],
)
@pytest.mark.parametrize("quote", [b'"', b""], ids=["quoted", "bare"])
def test_a_file_name_in_any_encoding_goes_on_byte_by_byte(
    raw: bytes, name: str | None, quote: bytes, limits: FormLimits
) -> None:
    if not quote:
        raw = raw.replace(b" ", b"_")
    disposition = b'Content-Disposition: form-data; name="a"; filename=' + quote + raw + quote
    body = b"--B\r\n" + disposition + b"\r\n\r\ndata\r\n--B--\r\n"
    form, canonical = parse(body, limits=limits)
    assert disposition + b"\r\n" in canonical
    if name is not None:
        assert form.parts[0].file_name == (name if quote else name.replace(" ", "_"))


@pytest.mark.parametrize("step", [7, 1 << 16])
@pytest.mark.parametrize(
    ("body", "file_name"),
    [
        pytest.param(b"preamble\r\n" + one_part(), "a.jpg", id="preamble"),
        pytest.param(one_part() + b"epilogue", "a.jpg", id="epilogue"),
        pytest.param(one_part(headers="Content-Transfer-Encoding: base64\r\n"), "a.jpg", id="encoding"),
        pytest.param(one_part('form-data; name="a"; filename="x"; filename="y"'), "y", id="name twice"),
        pytest.param(one_part(headers="X-A: one\r\n two\r\n"), "a.jpg", id="folded header"),
    ],
)
def test_the_lenient_reading_goes_on_logs_and_leaves_the_application_one_reading(
    body: bytes, file_name: str, step: int, caplog: pytest.LogCaptureFixture
) -> None:
    form, canonical = parse(body, step=step, limits=LENIENT)
    assert [part.file_name for part in form.parts] == [file_name]
    assert form.parts[0].digest == digest_of(b"data")
    assert read_by_werkzeug(form, canonical) == [("a", file_name, b"data")]
    for gone in (b"preamble", b"epilogue", b"Transfer-Encoding"):
        assert gone not in canonical
    if "X-A" not in str(body):
        assert "strict reading would refuse" in caplog.text


def test_what_has_no_reading_at_all_is_refused_by_the_lenient_one_too() -> None:
    with pytest.raises(AmbiguousRequest):
        parse(one_part()[:-8], limits=LENIENT)
