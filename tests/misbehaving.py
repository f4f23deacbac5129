"""A stand-in sidecar on loopback that does with each connection what the test says, below HTTP too."""

from __future__ import annotations

import json
import re
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_BODY = json.dumps({"result": "clean", "action": "allow", "reason": "", "case": "", "degraded": []}).encode()
VERDICT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_BODY),
    _BODY,
)
ALIVE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Connection:
    """One that a client made; `requests` holds the heads and lengths of what came over it."""

    socket: socket.socket
    requests: list[tuple[str, int]] = field(default_factory=list)
    last_body: bytes = b""

    def request(self) -> bool:
        """Read one whole request; False where the client is gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.socket.recv(65536)
            if not more:
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        size = int(found[1]) if found else 0
        while len(body) < size:
            more = self.socket.recv(65536)
            if not more:
                return False
            body += more
        self.last_body = body
        self.requests.append((head.decode(), size))
        return True

    def answer(self, data: bytes = VERDICT) -> None:
        self.socket.sendall(data)

    def secure(self, certificate: Path, key: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.socket.do_handshake()

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Behaviour = Callable[[Connection], None]


def serve(connection: Connection) -> None:
    """As a sidecar does."""
    while connection.request():
        alive = connection.requests[-1][0].startswith("GET /live")
        connection.answer(ALIVE if alive else VERDICT)


@dataclass
class Script:
    """What the server does with each connection; the last behaviour with all that follow."""

    url: str
    behaviours: list[Behaviour]
    connections: list[Connection] = field(default_factory=list)

    @property
    def heads(self) -> list[str]:
        return [head for one in self.connections for head, _ in one.requests]


@contextmanager
def scripted(
    *behaviours: Behaviour, port: int = 0, certificate: tuple[Path, Path] | None = None
) -> Iterator[Script]:
    """The server; under TLS with a certificate and its key, if they are given."""
    with closing(socket.create_server(("127.0.0.1", port))) as server:
        scheme = "https" if certificate else "http"
        script = Script(f"{scheme}://127.0.0.1:{server.getsockname()[1]}", list(behaviours))

        def behave(connection: Connection, behaviour: Behaviour) -> None:
            with suppress(OSError), closing(connection):
                if certificate is not None:
                    connection.secure(*certificate)
                behaviour(connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection = Connection(server.accept()[0])
                    at = min(len(script.connections), len(script.behaviours) - 1)
                    script.connections.append(connection)
                    behaviour = script.behaviours[at]
                    threading.Thread(target=behave, args=(connection, behaviour), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for one in script.connections:
                with suppress(OSError):
                    one.socket.shutdown(socket.SHUT_RDWR)


def stay_silent(connection: Connection) -> None:
    connection.request()
    connection.socket.recv(1)


def passing_on(url: str) -> Behaviour:
    """Every byte goes to a real server and back: a sidecar that comes and goes at once, or one behind TLS."""
    port = int(url.rpartition(":")[2])

    def behave(connection: Connection) -> None:
        with closing(socket.create_connection(("127.0.0.1", port))) as real:
            other = {connection.socket: real, real: connection.socket}
            while True:
                for one in select.select(list(other), [], [])[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    # What TLS has read ahead shows in no select().
                    while isinstance(one, ssl.SSLSocket) and one.pending():
                        data += one.recv(65536)
                    other[one].sendall(data)

    return behave


def reset_after_the_request(connection: Connection) -> None:
    connection.request()
    connection.reset()
