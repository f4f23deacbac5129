"""Thirty-odd mails as they come in, and worse ones."""

from __future__ import annotations

import base64
import binascii
import json
import quopri
from dataclasses import dataclass

from upload_guard.notices.incoming import Wording

SITE = "https://www.example.org/uploads"
ONE = f"{SITE}/2026/one.jpg"
TWO = f"{SITE}/2026/two.png?size=large&v=2"
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@dataclass(frozen=True)
class Odd:
    """`raw` arrives, and `urls` are to be found in it. `whole`: nothing of it was left unread.

    `answer`: a machine may write back.
    """

    name: str
    raw: bytes
    urls: tuple[str, ...]
    wording: Wording = Wording.FREE
    whole: bool = True
    answer: bool = True
    says: str = ""


def mail(
    body: bytes | str, *headers: str, kind: str = "text/plain; charset=utf-8", encoding: str = "8bit"
) -> bytes:
    """A mail by Ann, with `headers` before those that it has anyway."""
    given = {header.partition(":")[0].lower() for header in headers}
    usual = [
        "From: Ann Other <ann@example.net>",
        "To: abuse@example.org",
        "Subject: A picture on your site",
        "Date: Sun, 1 Mar 2026 12:00:00 +0000",
        "Message-ID: <1@example.net>",
        "MIME-Version: 1.0",
        f"Content-Type: {kind}",
        f"Content-Transfer-Encoding: {encoding}",
    ]
    lines = [*headers, *(line for line in usual if line.partition(":")[0].lower() not in given)]
    content = body.encode() if isinstance(body, str) else body
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + content


def multipart(subtype: str, *parts: bytes, boundary: str = "=_b") -> tuple[bytes, str]:
    """A body and its content type."""
    line = f"--{boundary}".encode()
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
    return body, f'multipart/{subtype}; boundary="{boundary}"'


def part(content: bytes | str, kind: str = "text/plain; charset=utf-8", *headers: str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return "\r\n".join([f"Content-Type: {kind}", *headers]).encode() + b"\r\n\r\n" + data


def holding(subtype: str, *parts: bytes, boundary: str = "=_b", headers: tuple[str, ...] = ()) -> bytes:
    body, kind = multipart(subtype, *parts, boundary=boundary)
    return mail(body, *headers, kind=kind)


XARF = {
    "xarf_version": "4.2.0",
    "report_id": "f7a8b9c0-d1e2-4456-9bcd-ef0123456789",
    "timestamp": "2026-03-01T12:00:00Z",
    "reporter": {"org": "A hotline", "contact": "desk@hotline.example", "domain": "hotline.example"},
    "sender": {"org": "A hotline", "contact": "desk@hotline.example", "domain": "hotline.example"},
    "source_identifier": "192.0.2.1",
    "category": "content",
    "type": "csam",
    "url": ONE,
    "classification": "baseline",
    "detection_method": "manual_review",
    "hash_values": {"sha256": SHA256},
    "description": "Found by a person.",
}
XARF3 = {
    "Version": "3",
    "ReporterInfo": {"ReporterOrg": "A hotline", "ReporterOrgEmail": "desk@hotline.example"},
    "Report": {"ReportClass": "Content", "Source": {"Type": "uri", "Value": "x", "URL": ONE}},
}
ARF_FIELDS = (
    "Feedback-Type: abuse\r\nUser-Agent: Reporter/1.0\r\nVersion: 1\r\n"
    f"Reported-URI: {ONE}\r\nReported-URI:\r\n {TWO}\r\nReported-Domain: www.example.org\r\n"
)
SCART = (
    "url;IP;firstseen;lastseen;note\r\n"
    f"{ONE};192.0.2.1;2026-02-28 10:00;2026-03-01 09:00;a picture\r\n"
    f'"{TWO}";192.0.2.1;2026-02-28 10:00;2026-03-01 09:00;"one; with a semicolon"\r\n'
)
ARF_REPORT = (
    part("This is an abuse report."),
    part(ARF_FIELDS, "message/feedback-report"),
    part("From: x@example.com\r\nSubject: the mail itself\r\n\r\nhello", "message/rfc822"),
)


def _encoded(text: str, charset: str, encoding: str) -> bytes:
    raw = text.encode(charset)
    data = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, bytes)(raw)
    return mail(data, kind=f"text/plain; charset={charset}", encoding=encoding)


def _nested(levels: int) -> bytes:
    inner = mail(f"See {ONE}", "Subject: the first one", "From: Bob <bob@example.com>")
    for level in range(levels):
        inner = holding("mixed", part("forwarded"), part(inner, "message/rfc822"), boundary=f"=_{level}_")
    return inner


def _base64_message() -> bytes:
    inner = base64.encodebytes(mail(f"See {ONE}"))
    return holding("mixed", part(inner, "message/rfc822", "Content-Transfer-Encoding: base64"))


HTML = (
    "<html><head><style>p { background: url(https://style.example/x.css) }</style></head><body>"
    f'<p>Please remove <a href="{ONE.replace("&", "&amp;")}">this</a> and<br>{TWO.replace("&", "&amp;")}</p>'
    "<!-- https://unseen.example/ --></body></html>"
)
SAFELINK = (
    "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.example.org%2Fuploads%2F2026%2Fone.jpg"
    "&data=05%7C02%7Cann"
)
MANY = tuple(f"{SITE}/{number}.jpg" for number in range(5_000))

ODD_MAILS = [
    Odd("plain", mail(f"Please take away {ONE} and {TWO}."), (ONE, TWO), says="Please take away"),
    Odd("base64 of UTF-8", _encoded(f"Weg ermee € {ONE}", "utf-8", "base64"), (ONE,), says="Weg ermee €"),
    Odd(
        "quoted-printable, wrapped",
        _encoded(f"x {ONE}{'0' * 90}.jpg é", "iso-8859-1", "quoted-printable"),
        (f"{ONE}{'0' * 90}.jpg",),
        says="é",
    ),
    Odd("UTF-16", _encoded(f"see {ONE}", "utf-16", "base64"), (ONE,)),
    Odd(
        "Shift-JIS",
        _encoded(f"この画像を削除してください {ONE} 。", "shift_jis", "8bit"),
        (ONE,),
        says="この画像",
    ),
    Odd("ISO-2022-JP", _encoded(f"画像 {ONE}", "iso-2022-jp", "7bit"), (ONE,), says="画像"),
    Odd("KOI8-R", _encoded(f"Удалите {ONE}", "koi8-r", "8bit"), (ONE,), says="Удалите"),
    Odd("GB18030", _encoded(f"请删除 {ONE}。", "gb18030", "base64"), (ONE,), says="请删除"),
    Odd(
        "UTF-7",
        mail(
            b"Remove +AGgAdAB0AHA-s://www.example.org/uploads/2026/one.jpg", kind="text/plain; charset=utf-7"
        ),
        (ONE,),
    ),
    Odd(
        "a character set that nobody knows",
        mail(f"see {ONE} é", kind="text/plain; charset=x-made-up"),
        (ONE,),
        says="é",
    ),
    Odd("a codec that is no character set", mail(f"see {ONE}", kind="text/plain; charset=zlib"), (ONE,)),
    Odd(
        "bytes of another character set than it says",
        mail(f"weg: {ONE} \xe9".encode("latin-1")),
        (ONE,),
        whole=False,
        says="é",
    ),
    Odd(
        "uuencoded",
        mail(b"begin 644 note\n" + binascii.b2a_uu(ONE.encode()) + b"`\nend\n", encoding="x-uuencode"),
        (ONE,),
    ),
    Odd("HTML only", mail(HTML, kind="text/html; charset=utf-8"), (ONE, TWO), says="Please remove"),
    Odd("HTML with a picture of the site", mail(f'<img src="{ONE}">', kind="text/html"), (ONE,)),
    Odd(
        "text and HTML of the same",
        holding("alternative", part(f"See {ONE}"), part(HTML, "text/html")),
        (ONE, TWO),
    ),
    Odd(
        "HTML that is broken",
        mail(f'<p <a href="{ONE}"><b>x</p <!-- <style> {TWO} <', kind="text/html"),
        (ONE, TWO),
    ),
    Odd(
        "defanged",
        mail(
            "hxxps://www[.]example[.]org/uploads/2026/one.jpg and hXXps[:]//www(dot)example(dot)org"
            "/uploads/2026/two.png?size=large&v=2"
        ),
        (ONE, TWO),
    ),
    Odd("cut by spaces that are not seen", mail(f"see {ONE[:30]}\u200b{ONE[30:]}\u200e"), (ONE,)),
    Odd("wrapped in angle brackets", mail(f"see <{ONE[:20]}\r\n  {ONE[20:]}>"), (ONE,)),
    Odd("wrapped by a full line", mail(f"{'see ' * 10}{ONE}\r\n-large/more.jpg"), (ONE,), whole=False),
    Odd(
        "format=flowed",
        mail(f"see {ONE[:30]} \r\n{ONE[30:]}", kind="text/plain; format=flowed; DelSp=yes"),
        (ONE,),
    ),
    Odd(
        "in sentences, quotes and lists",
        mail(f'> ({ONE}), "{TWO}"; [url]{SITE}/3.jpg[/url] [x]({SITE}/a_(b).jpg)!'),
        (ONE, TWO, f"{SITE}/3.jpg", f"{SITE}/a_(b).jpg"),
    ),
    Odd(
        "without a scheme",
        mail("on www.example.org/uploads/2026/one.jpg, example.org/x.jpg and/or a.b ann@example.org"),
        ("http://www.example.org/uploads/2026/one.jpg", "http://example.org/x.jpg"),
    ),
    Odd("behind a link checker", mail(f"see {SAFELINK}"), (ONE,)),
    Odd(
        "an international name",
        mail("see https://bücher.example/bild.jpg"),
        ("https://bücher.example/bild.jpg",),
    ),
    Odd(
        "ARF",
        holding("report; report-type=feedback-report", *ARF_REPORT),
        (ONE, TWO),
        Wording.ARF,
        answer=False,
        says="Feedback-Type: abuse",
    ),
    Odd(
        "XARF attached",
        holding(
            "mixed",
            part("See the report."),
            part(
                json.dumps(XARF), "application/json", 'Content-Disposition: attachment; filename="xarf.json"'
            ),
        ),
        (ONE,),
        Wording.XARF,
        says="Found by a person.",
    ),
    Odd(
        "XARF in base64, as what is no JSON",
        holding(
            "mixed",
            part("x"),
            part(
                base64.encodebytes(json.dumps(XARF).encode()),
                "application/octet-stream; name=xarf.json",
                "Content-Transfer-Encoding: base64",
            ),
        ),
        (ONE,),
        Wording.XARF,
    ),
    Odd(
        "XARF of version 3",
        holding("mixed", part("x"), part(json.dumps(XARF3), "application/json")),
        (ONE,),
        Wording.XARF,
    ),
    Odd(
        "XARF that is broken off",
        holding("mixed", part("x"), part(json.dumps(XARF)[:-5], "application/json")),
        (ONE,),
    ),
    Odd(
        "JSON a thousand deep",
        holding("mixed", part(f"x {ONE}"), part('{"url":' * 100_000, "application/json")),
        (ONE,),
    ),
    Odd(
        "SCART in the text", mail(f"Dear hoster,\r\n\r\n{SCART}"), (ONE, TWO), Wording.SCART, says="a picture"
    ),
    Odd(
        "SCART attached",
        holding(
            "mixed",
            part("See the list."),
            part(SCART, 'text/csv; name="notice.csv"', "Content-Disposition: attachment"),
        ),
        (ONE, TWO),
        Wording.SCART,
        says="one; with a semicolon",
    ),
    Odd("forwarded as an attachment", _nested(1), (ONE,), says="the first one"),
    Odd("forwarded in base64", _base64_message(), (ONE,)),
    Odd(
        "forwarded as a file of no type",
        holding("mixed", part("x"), part(mail(f"see {ONE}"), "application/octet-stream; name=note.eml")),
        (ONE,),
    ),
    Odd("forwarded ten times", _nested(5), (ONE,)),
    Odd("nested two hundred deep", _nested(200), (ONE,), whole=False),
    Odd(
        "a boundary that never comes", mail(f"see {ONE}", kind='multipart/mixed; boundary="nowhere"'), (ONE,)
    ),
    Odd("no boundary at all", mail(f"see {ONE}", kind="multipart/mixed"), (ONE,)),
    Odd(
        "a multipart that is never closed",
        holding("mixed", part("x"), part(f"see {ONE}")).rpartition(b"--=_b--")[0],
        (ONE,),
    ),
    Odd(
        "more parts than anybody sends",
        holding("mixed", *[part(f"{SITE}/{n}.jpg") for n in range(1_000)]),
        MANY[:500],
        whole=False,
    ),
    Odd("five thousand addresses", mail("\r\n".join(MANY)), MANY),
    Odd("more than are taken", mail("\r\n".join([*MANY, f"{SITE}/more.jpg"])), MANY, whole=False),
    Odd(
        "encrypted",
        holding(
            'encrypted; protocol="application/pgp-encrypted"',
            part("Version: 1", "application/pgp-encrypted"),
            part("-----BEGIN PGP MESSAGE-----", "application/octet-stream; name=encrypted.asc"),
        ),
        (),
        whole=False,
    ),
    Odd("signed", holding("signed", part(f"see {ONE}"), part("x", "application/pgp-signature")), (ONE,)),
    Odd(
        "a letter as PDF",
        holding("mixed", part("See the letter."), part("%PDF-1.7", "application/pdf; name=letter.pdf")),
        (),
        whole=False,
    ),
    Odd(
        "a picture attached",
        holding(
            "mixed",
            part(f"see {ONE}"),
            part("GIF89a", "image/gif", "Content-Disposition: attachment; filename=x.gif"),
        ),
        (ONE,),
        whole=False,
    ),
    Odd(
        "a logo in the text",
        holding("related", part(f"see {ONE}"), part("GIF89a", "image/gif", "Content-ID: <logo>")),
        (ONE,),
    ),
    Odd("by a machine", mail(f"see {ONE}", "Auto-Submitted: auto-generated"), (ONE,), answer=False),
    Odd(
        "by a list", mail(f"see {ONE}", "List-Id: <x.example.net>", "Precedence: list"), (ONE,), answer=False
    ),
    Odd(
        "a bounce",
        holding(
            "report; report-type=delivery-status",
            part("It did not arrive."),
            part("Action: failed", "message/delivery-status"),
            headers=("Return-Path: <>", "From: MAILER-DAEMON@example.org"),
        ),
        (),
        answer=False,
    ),
    Odd(
        "away till Monday",
        mail("I am away.", "Auto-Submitted: auto-replied", "X-Autoreply: yes"),
        (),
        answer=False,
    ),
    Odd("of ourselves", mail(f"see {ONE}", "From: Abuse desk <Abuse@Example.org>"), (ONE,), answer=False),
    Odd("of nobody", mail(f"see {ONE}", "From: "), (ONE,), answer=False),
    Odd("of two", mail(f"see {ONE}", "From: ann@example.net", "From: eve@example.com"), (ONE,)),
    Odd(
        "with a header in its name",
        mail(f"see {ONE}", "From: =?utf-8?b?QW5uDQpCY2M6IGV2ZUBleGFtcGxlLmNvbQ==?= <ann@example.net>"),
        (ONE,),
    ),
    Odd("headers of bytes", mail(f"see {ONE}").replace(b"Ann Other", b"\xc4nn \xff\xfe"), (ONE,)),
    Odd("a subject of a megabyte", mail(f"see {ONE}", "Subject: " + "=?utf-8?q?x" * 100_000), (ONE,)),
    Odd("a hundred thousand headers", b"X-Many: x\r\n" * 100_000 + mail(f"see {ONE}"), (ONE,)),
    Odd("an address in the subject", mail("as above", f"Subject: {ONE}"), (ONE,)),
    Odd("with bare line feeds", mail(f"see {ONE}").replace(b"\r\n", b"\n"), (ONE,)),
    Odd("with bare carriage returns", mail(f"see {ONE}").replace(b"\r\n", b"\r"), (ONE,)),
    Odd("of a mailbox file", b"From ann@example.net Sun Mar  1 12:00:00 2026\n" + mail(f"see {ONE}"), (ONE,)),
    Odd("with null bytes", mail(f"see {ONE} \x00\x00 now"), (ONE,)),
    Odd("no mail but text", f"please remove {ONE}".encode(), (ONE,), answer=False),
    Odd("nothing", b"", (), whole=False, answer=False),
    Odd("noise", bytes(range(256)) * 4_000, (), whole=False, answer=False),
]
