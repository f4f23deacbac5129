"""A stand-in for any service over HTTP, which can misbehave below HTTP too; on loopback only."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DRIP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `announced` is its Content-Length where that is a lie; None sends none.

    `after` seconds it begins; the connection is kept for the next request where it is to be.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = -1
    drip: bool = False
    after: float = 0
    keep: bool = False

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        time.sleep(self.after)
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        if self.announced is not None:
            handler.send_header(
                "Content-Length", str(len(self.body) if self.announced < 0 else self.announced)
            )
        if not self.keep:
            handler.send_header("Connection", "close")
        handler.end_headers()
        if self.drip:
            drip(handler.wfile, self.body)
        else:
            handler.wfile.write(self.body)
        handler.close_connection = not self.keep


def drip(out: BinaryIO, data: bytes) -> None:
    """A byte now and then, so that no timeout between two bytes is ever reached."""
    for at in range(len(data)):
        out.write(data[at : at + 1])
        out.flush()
        time.sleep(DRIP_SECONDS)


@dataclass(slots=True)
class StandIn:
    """A server whose pages are set by the test: by path, a reply, or what makes one of a request.

    `otherwise` answers for all other paths, and `instead` for whatever is asked. `date` is what its clock
    says, empty where that is the machine's.
    """

    url: str
    date: str = ""
    otherwise: Reply | Callable[[Asked], Reply] = Reply(status=404)
    instead: Reply | None = None
    connections: int = 0
    replies: dict[str, Reply | Callable[[Asked], Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        found = self.instead or self.replies.get(asked.path, self.otherwise)
        return found if isinstance(found, Reply) else found(asked)

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.asked]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up in disgust is what is tested."""


@contextmanager
def stand_in(certificate: Path | None = None) -> Iterator[StandIn]:
    """The server; over TLS with the certificate and key in a file, if one is given."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            service.connections += 1

        def date_time_string(self, timestamp: float | None = None) -> str:
            return service.date or super().date_time_string(timestamp)

        def do_GET(self) -> None:
            with suppress(OSError):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.reply(Asked(self.path, dict(self.headers), self.command, body)).send(self)

        do_POST = do_PUT = do_GET  # noqa: N815 - the name that the base class looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        service = StandIn(f"{scheme}://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def write_certificate(file: Path, address: str) -> Path:
    """A certificate of its own issuer for an IP address, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file
