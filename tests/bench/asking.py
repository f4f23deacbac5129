"""What asking a check service costs over kept connections, beside `requests.post`, which makes one each.

`make bench ARGS=asking`. The service is a stand-in on loopback in a process of its own, over TLS.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from tests.bench.measure import costs, print_head
from tests.upstreams.stand_in import stand_in, write_certificate
from tests.upstreams.standins.eokm import Eokm
from upload_guard.records import Signal, SignalType
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.client import Login
from upload_guard.upstreams.services.hashcheckservice import HashCheckService
from upload_guard.upstreams.services.service import Question, Told

QUESTIONS = 100
MD5 = Signal(SignalType.MD5, bytes(16))


def serve(certificate: Path, pipe: Connection) -> None:
    with stand_in(certificate) as server:
        server.otherwise = Eokm()
        pipe.send(server.url)
        pipe.recv()


def main() -> None:
    print_head("asking a check service over TLS")
    here, there = multiprocessing.Pipe()
    with TemporaryDirectory() as folder:
        certificate = write_certificate(Path(folder) / "pem", "127.0.0.1")
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(certificate, there))
        server.start()
        url = str(here.recv())
        measure(url, certificate)
        here.send(None)
        server.join()


def measure(url: str, certificate: Path) -> None:
    known = Eokm()
    service = HashCheckService(Asker(Login(known.user, known.password), certificate), url)

    def kept() -> None:
        for _ in range(QUESTIONS):
            assert service.ask(Question((MD5,)), 20) == Told()

    def one_each() -> None:
        for _ in range(QUESTIONS):
            answer = requests.post(
                f"{url}/v1/check/md5",
                data=MD5.value.hex(),
                auth=(known.user, known.password),
                verify=str(certificate),
                timeout=20,
            )
            assert answer.text == "false"

    ours, theirs = costs(kept, one_each)
    for name, cost in (("upload_guard, kept connections", ours), ("requests.post, one each", theirs)):
        print(
            f"{name:32} {cost.wall / QUESTIONS:6.2f} ms a question, {cost.cpu / QUESTIONS:5.2f} of processor"
        )
    print(f"{'ratio':32} {theirs.wall / ours.wall:6.1f}")


if __name__ == "__main__":
    main()
