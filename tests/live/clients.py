"""Form bodies as real clients frame them, each with its own habits. The file is the same in all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """How a client writes a form: its boundary, the header lines of a file part, what it adds."""

    name: str
    boundary: str
    file_headers: tuple[str, ...]
    field_headers: tuple[str, ...] = ('Content-Disposition: form-data; name="title"',)
    quoted_boundary: bool = False
    charset: str = ""
    before: str = ""
    after: str = "\r\n"

    @property
    def content_type(self) -> str:
        boundary = f'"{self.boundary}"' if self.quoted_boundary else self.boundary
        return f"multipart/form-data; {self.charset}boundary={boundary}"

    def body(self, data: bytes) -> bytes:
        field = self._part(self.field_headers, b"A hill")
        file = self._part(self.file_headers, data, length=len(data))
        return self.before.encode() + field + file + f"--{self.boundary}--{self.after}".encode()

    def _part(self, headers: tuple[str, ...], data: bytes, length: int = 6) -> bytes:
        lines = "".join(f"{line}\r\n" for line in headers).replace("LENGTH", str(length))
        return f"--{self.boundary}\r\n{lines}\r\n".encode() + data + b"\r\n"


FILE = 'Content-Disposition: form-data; name="file"; filename="hill.jpg"'
JPEG = "Content-Type: image/jpeg"
OCTETS = "Content-Type: application/octet-stream"

CLIENTS = (
    Client("Chrome", "----WebKitFormBoundaryePkpFF7tjBAqx29L", (FILE, JPEG)),
    Client("Firefox", "---------------------------9051914041544843365972754266", (FILE, JPEG)),
    Client("Firefox since 2023", "----geckoformboundary6a1b8f0c3d", (FILE, JPEG)),
    Client("Safari", "----WebKitFormBoundary7MA4YWxkTrZu0gW", (FILE, JPEG)),
    Client("curl", "------------------------d74496d66958873e", (FILE, JPEG)),
    Client("requests", "c0f4f8a3ac9d4a55aafe0a1c1c7a4d5f", (FILE, JPEG)),
    Client("httpx", "e1b1c3bd4f7e4f4fa2f4d9b1b5a1c6ab", (FILE, JPEG)),
    Client(
        "aiohttp",
        "4ad5b9a36a4e4b7fbc9d0f1e2d3c4b5a",
        (JPEG, FILE),
        ("Content-Type: text/plain; charset=utf-8", 'Content-Disposition: form-data; name="title"'),
    ),
    Client("axios", "axios-1.7.2-boundary-aBcDeFgHiJkLmNoPqRsTuVwXy", (FILE, JPEG)),
    Client("node form-data", "--------------------------515890814546601021194782", (FILE, JPEG)),
    Client("undici", "----formdata-undici-029481736201", (FILE, JPEG)),
    Client("okhttp", "4ab5c1d2-e3f4-4a5b-8c6d-7e8f9a0b1c2d", (FILE, JPEG, "Content-Length: LENGTH")),
    Client(
        "Retrofit",
        "2d7f0c7e-6f2b-4b57-9a0e-0a1b2c3d4e5f",
        (FILE, "Content-Transfer-Encoding: binary", JPEG, "Content-Length: LENGTH"),
        ('Content-Disposition: form-data; name="title"', "Content-Transfer-Encoding: binary"),
    ),
    Client(
        "Apache HttpClient",
        "rAnDoM_bOuNdArY-0123456789",
        (FILE, OCTETS, "Content-Transfer-Encoding: binary"),
        (
            'Content-Disposition: form-data; name="title"',
            "Content-Type: text/plain; charset=ISO-8859-1",
            "Content-Transfer-Encoding: 8bit",
        ),
    ),
    Client("PHP curl", "------------------------5c7f2d2b6c1a3f40", (FILE, OCTETS)),
    Client("Guzzle", "d41d8cd98f00b204e9800998", (FILE, "Content-Length: LENGTH", JPEG)),
    Client("Go", "3d2f5c8a9b7e6d4c3b2a19080706050403020100fedcba98", (FILE, OCTETS)),
    Client(
        ".NET",
        "5a0c9f1e-2b3d-4c5e-8f7a-6b5c4d3e2f1a",
        ("Content-Disposition: form-data; name=file; filename=hill.jpg; filename*=utf-8''hill.jpg", JPEG),
        ("Content-Type: text/plain; charset=utf-8", "Content-Disposition: form-data; name=title"),
        quoted_boundary=True,
    ),
    Client("AFNetworking", "Boundary+0xAbCdEf0123456789", (FILE, JPEG), after="\r\n\r\n"),
    Client("Alamofire", "alamofire.boundary.1a2b3c4d5e6f7a8b", (FILE, JPEG)),
    Client(
        "Dart http",
        "dart-http-boundary-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR",
        ("content-type: image/jpeg", FILE.replace("Content-Disposition", "content-disposition")),
        ('content-disposition: form-data; name="title"',),
    ),
    Client(
        "Ruby multipart-post",
        "-----------RubyMultipartPost-1a2b3c",
        (FILE, "Content-Length: LENGTH", JPEG, "Content-Transfer-Encoding: binary"),
    ),
    Client("Perl LWP", "xYzZY", (FILE, JPEG)),
    Client("Rust reqwest", "1f3a5c7e9b2d4f60-8a6c4e2091b3d5f7-0f1e2d3c4b5a6978", (FILE, JPEG)),
    Client("Qt", "boundary_.oOo._MTIzNDU2Nzg5MA==", (JPEG, FILE), quoted_boundary=True),
    Client("no line end at the end", "----plainboundary", (FILE, JPEG), after=""),
    Client("a charset in front", "----charsetboundary", (FILE, JPEG), charset="charset=utf-8; "),
    Client("a line end in front", "----crlfboundary", (FILE, JPEG), before="\r\n"),
)
