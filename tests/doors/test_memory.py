"""Memory does not depend on the size of what comes in: bodies lie on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doors.icap_client import IcapClient, http_head, reqmod
from tests.doors.running import Doors, everything, running_doors
from tests.support import activate_listed_picture, settings_in

pytestmark = pytest.mark.live

MIB = 1 << 20


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("roomy")
    activate_listed_picture(settings_in(folder))
    with running_doors(folder, intake={"max_body": 1 << 30}) as up:
        yield up


def peak(doors: Doors) -> int:
    """The most memory that the process has had, in bytes."""
    lines = Path(f"/proc/{doors.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))


def stream(doors: Doors, mib: int) -> bytes:
    sock = doors.to_clamd()
    sock.sendall(b"zINSTREAM\0")
    for _ in range(mib):
        sock.sendall(MIB.to_bytes(4, "big") + bytes(MIB))
    sock.sendall(bytes(4))
    return everything(sock)


def test_a_stream_of_half_a_gigabyte_is_not_held_in_memory(roomy: Doors) -> None:
    assert stream(roomy, 1) == b"stream: OK\0"
    before = peak(roomy)
    assert stream(roomy, 512) == b"stream: OK\0"
    assert peak(roomy) - before < 16 * MIB


def echoed(doors: Doors, mib: int) -> int:
    with IcapClient(doors) as client:
        client.send(reqmod(http_head(Content_Length=str(mib * MIB))))
        for _ in range(mib):
            client.send(b"%x\r\n%b\r\n" % (MIB, bytes(MIB)))
        client.send(b"0\r\n\r\n")
        return len(client.answer().body)


def test_a_request_of_256_mib_is_given_back_without_being_held_in_memory(roomy: Doors) -> None:
    assert echoed(roomy, 1) == MIB
    before = peak(roomy)
    assert echoed(roomy, 256) == 256 * MIB
    assert peak(roomy) - before < 16 * MIB
