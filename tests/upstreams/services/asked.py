"""Every way to ask a check service, with its stand-in: what is clean there, what is a hit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from requests.auth import AuthBase

from tests.support import BytesContent
from tests.upstreams.stand_in import Asked, Reply, StandIn, stand_in
from tests.upstreams.standins.arachnid import Arachnid
from tests.upstreams.standins.eokm import Eokm
from tests.upstreams.standins.hma import Hma
from tests.upstreams.standins.photodna import PhotoDna
from tests.upstreams.standins.sidecar import Sidecar
from upload_guard.records import Signal, SignalType
from upload_guard.signing import Credentials
from upload_guard.upstreams.asking import Asker, Key
from upload_guard.upstreams.client import Login
from upload_guard.upstreams.services import arachnid, hashcheckservice, hma, photodna, sidecar
from upload_guard.upstreams.services.service import CheckService, Question

CLEAN_FILE, LISTED_FILE = b"a picture of nobody", b"a picture that is listed"
CLEAN, LISTED = (Signal(SignalType.PDQ, bytes([byte]) * 32, quality=100) for byte in (0x0F, 0xF0))
CLEAN_MD5, LISTED_MD5 = (Signal(SignalType.MD5, bytes([byte]) * 16) for byte in (0x0F, 0xF0))


def of_file(data: bytes) -> Question:
    return Question((), BytesContent(data), len(data), "image/jpeg")


@dataclass(frozen=True, slots=True)
class Way:
    """How a service is asked. `system` makes its stand-in, which lists what is asked in `listed`."""

    system: Callable[[], Callable[[Asked], Reply]]
    auth: AuthBase | None
    service: Callable[[Asker, str], CheckService]
    clean: Question
    listed: Question


PDQ = {"clean": Question((CLEAN,)), "listed": Question((LISTED,))}
FILE = {"clean": of_file(CLEAN_FILE), "listed": of_file(LISTED_FILE)}
LOGIN = Login("site", "a secret")
MACHINE = Credentials("KEYID", "a secret")


def an_hma(**options: object) -> Hma:
    hashed = {CLEAN_FILE: {"pdq": CLEAN.value.hex()}, LISTED_FILE: {"pdq": LISTED.value.hex()}}
    return Hma(banks={"BANK": {LISTED.value.hex()}}, hashed=hashed, **options)  # type: ignore[arg-type]


def an_arachnid() -> Arachnid:
    return Arachnid(files={LISTED_FILE: ("csam", "exact")}, hashes={LISTED.value: ("csam", "near")})


def a_sidecar() -> Sidecar:
    match = {"list": "police", "version": 1, "category": "baseline", "signal_type": "pdq", "distance": 4}
    verdict = {"result": "match", "action": "block", "matches": [match]}
    listed = {LISTED.value.hex(): ("near", "baseline")}
    return Sidecar(listed=listed, files={LISTED_FILE: verdict}, details=True)


def of_hma(client: Asker, url: str) -> CheckService:
    return hma.Hma(client, url)


def of_arachnid(client: Asker, url: str) -> CheckService:
    return arachnid.ArachnidShield(client, url)


def of_sidecar(client: Asker, url: str) -> CheckService:
    return sidecar.Sidecar(client, url, MACHINE)


WAYS = {
    "eokm": Way(
        lambda: Eokm(known={LISTED_MD5.value.hex()}),
        LOGIN,
        hashcheckservice.HashCheckService,
        Question((CLEAN_MD5,)),
        Question((LISTED_MD5,)),
    ),
    "hma-hash": Way(lambda: an_hma(key="a secret"), Key("Authorization", "Bearer a secret"), of_hma, **PDQ),
    "hma-hash-by-type": Way(lambda: an_hma(elided=False), None, of_hma, **PDQ),
    "hma-file": Way(an_hma, None, of_hma, **FILE),
    "arachnid-hash": Way(an_arachnid, LOGIN, of_arachnid, **PDQ),
    "arachnid-file": Way(an_arachnid, LOGIN, of_arachnid, **FILE),
    "photodna": Way(
        lambda: PhotoDna(matches={LISTED_FILE: [("Test", ["A1"])]}),
        Key(photodna.KEY_HEADER, "a secret"),
        lambda client, url: photodna.PhotoDna(client, f"{url}/photodna/v1.0"),
        **FILE,
    ),
    "sidecar-hash": Way(a_sidecar, None, of_sidecar, **PDQ),
    "sidecar-file": Way(a_sidecar, None, of_sidecar, **FILE),
}


@dataclass(frozen=True, slots=True)
class Running:
    """A way to ask, whose stand-in runs."""

    way: Way
    stand_in: StandIn
    service: CheckService

    def at(self, url: str, ca_file: Path | None = None) -> CheckService:
        """The same service, thought to be somewhere else."""
        return self.way.service(Asker(self.way.auth, ca_file), url)


@contextmanager
def running(name: str, certificate: Path | None = None) -> Iterator[Running]:
    way = WAYS[name]
    with stand_in(certificate) as server:
        server.otherwise = way.system()
        yield Running(way, server, way.service(Asker(way.auth, certificate), server.url))
