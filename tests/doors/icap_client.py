"""ICAP spoken by hand: messages as bytes, and answers taken apart."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from tests.doors.running import Doors


@dataclass(frozen=True, slots=True)
class IcapAnswer:
    """`head` is the encapsulated HTTP head, `body` what its chunks hold."""

    status: int
    fields: dict[str, str]
    head: bytes = b""
    body: bytes = b""

    @property
    def http_status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    def http_field(self, name: str) -> str:
        lines = self.head.decode("latin-1").split("\r\n")
        return next(line.partition(": ")[2] for line in lines if line.lower().startswith(f"{name.lower()}:"))


def http_head(first: str = "POST http://site.example/upload HTTP/1.1", **fields: str) -> bytes:
    """A request's head; underscores in names stand for hyphens."""
    lines = [
        first,
        "Host: site.example",
        *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()),
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def form(data: bytes, file_name: str = "photo.jpg", boundary: str = "b" * 20) -> tuple[str, bytes]:
    """Content-Type and body."""
    part = f'Content-Disposition: form-data; name="file"; filename="{file_name}"\r\nContent-Type: image/jpeg'
    body = f"--{boundary}\r\n{part}\r\n\r\n".encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body


def chunks(data: bytes, size: int = 30_000, last: bytes = b"0\r\n\r\n") -> bytes:
    portions = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in portions) + last


def reqmod(head: bytes, has_body: bool = True, **fields: str) -> bytes:
    """The head of a REQMOD with what it encapsulates, up to where the body begins."""
    told = {
        "Host": "127.0.0.1",
        "Encapsulated": f"req-hdr=0, {'req' if has_body else 'null'}-body={len(head)}",
    }
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in (told | fields).items()]
    first = "REQMOD icap://127.0.0.1/upload_guard ICAP/1.0"
    return "".join(f"{line}\r\n" for line in [first, *lines, ""]).encode() + head


class IcapClient:
    """One connection."""

    def __init__(self, doors: Doors) -> None:
        self.sock = doors.to_icap()
        self._stream = self.sock.makefile("rb")

    def __enter__(self) -> IcapClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def end(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    def at_end(self) -> bool:
        """Whether the other side has closed, or does so without another word."""
        try:
            return self._stream.read(1) == b""
        except ConnectionResetError:
            return True

    def answer(self) -> IcapAnswer:
        status = int(self._stream.readline().split(b" ")[1])
        fields = {}
        while line := self._stream.readline().strip():
            name, _, value = line.decode("latin-1").partition(": ")
            fields[name] = value
        told = fields.get("Encapsulated", "null-body=0")
        head = self._stream.read(int(told.rpartition("=")[2]))
        portions = []
        while "null-body" not in told and (size := int(self._stream.readline(), 16)):
            portions.append(self._stream.read(size))
            assert self._stream.read(2) == b"\r\n"
        if "null-body" not in told:
            assert self._stream.read(2) == b"\r\n"
        return IcapAnswer(status, fields, head, b"".join(portions))


def asked(doors: Doors, message: bytes) -> IcapAnswer:
    """The only answer on a connection of its own."""
    with IcapClient(doors) as client:
        client.send(message)
        return client.answer()
