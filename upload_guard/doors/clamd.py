"""ClamAV's daemon as its clients know it: PING, VERSION, INSTREAM, IDSESSION and END.

A client takes every answer for "OK" that does not end in FOUND or ERROR (clamdscan's proto.c), so whatever is
no clean bill ends in one of these. No path is opened and no command changes anything: a client could read or
stop by them what it has no right to.

Source: clamd(8), section "COMMANDS"; ClamAV's clamd/session.c.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from upload_guard import __version__
from upload_guard.digests import Sha256Digester
from upload_guard.doors.connection import Connection
from upload_guard.doors.peers import Allowance
from upload_guard.errors import BodyTooLarge, TooManyChecks, UploadGuardError
from upload_guard.guard import Guard
from upload_guard.intake.body import CHUNK, Spool
from upload_guard.intake.rules import IntakeLimits
from upload_guard.records import Outcome, Result, Source, Upload

log = logging.getLogger(__name__)

_LONGEST_COMMAND = 4096
_ENDS = {b"z": b"\0", b"n": b"\n"}
_UNKNOWN = "UNKNOWN COMMAND"
_TOO_LARGE = "INSTREAM size limit exceeded. ERROR"
ROUTE = "clamd"


@dataclass(frozen=True, slots=True)
class _Command:
    """`end` is the byte that ends it and its answer; `plain` is one without a prefix."""

    name: str
    end: bytes
    plain: bool


@dataclass(frozen=True, slots=True)
class Clamd:
    """The protocol over one guard. What comes in is one file without a name."""

    guard: Guard
    site: str
    limits: IntakeLimits
    allowance: Allowance
    idle_seconds: float

    busy = b"stream: too many connections. ERROR\0"

    def serve(self, connection: Connection) -> None:
        """One command, or all of a session; its answers come in the order of its commands."""
        if connection.has_more(self.idle_seconds):
            command = _read_command(connection)
            if command.name == "IDSESSION" and not command.plain:
                self._session(connection)
            else:
                connection.send(self._answer(command, connection).words.encode() + command.end)
        connection.linger()

    def _session(self, connection: Connection) -> None:
        number, goes_on = 0, True
        while goes_on and connection.has_more(self.idle_seconds):
            command = _read_command(connection)
            if command.name == "END":
                return
            number += 1
            answer = self._in_session(command, connection)
            connection.send(f"{number}: {answer.words}".encode() + command.end)
            goes_on = answer.in_step

    def _in_session(self, command: _Command, connection: Connection) -> _Answer:
        if command.plain or command.name == "IDSESSION":
            return _Answer("Command invalid inside IDSESSION. ERROR", in_step=False)
        answer = self._answer(command, connection)
        return _Answer(f"{_UNKNOWN}. ERROR") if answer.words == _UNKNOWN else answer

    def _answer(self, command: _Command, connection: Connection) -> _Answer:
        match command.name:
            case "PING":
                return _Answer("PONG")
            case "VERSION":
                return _Answer(f"upload_guard {__version__}")
            case "INSTREAM":
                stream = _Stream(connection, self.limits.max_body)
                return _Answer(self._scan(stream, connection), in_step=stream.ended)
            case _:
                return _Answer(_UNKNOWN)

    def _scan(self, stream: _Stream, connection: Connection) -> str:
        """Never raises: a client may take a silent end for anything."""
        connection.within(self.limits.body_timeout)
        try:
            self.allowance.spend(connection.peer)
            with closing(Spool(self.limits.spool_dir)) as spool:
                return _in_words(self._checked(stream, spool))
        except BodyTooLarge:
            return _TOO_LARGE
        except TooManyChecks as error:
            log.warning("not checked: %s", error)
            return "stream: too many checks, try again later. ERROR"
        except UploadGuardError as error:
            log.warning("not checked: %s (%s)", error.code, error)
        except Exception:
            log.exception("a stream could not be checked, by an error of our own")
        return "stream: could not be checked. ERROR"

    def _checked(self, stream: _Stream, spool: Spool) -> Outcome:
        digester = Sha256Digester()
        for portion in stream:
            spool.write(portion)
            digester.update(portion)
        content = spool.slice(0, spool.size)
        upload = Upload(content, digester.finish(), source=Source(self.site, ROUTE))
        return self.guard.check([upload])[0]


@dataclass(frozen=True, slots=True)
class _Answer:
    """`in_step`: the next byte begins the next command, since all of the last one has been read."""

    words: str
    in_step: bool = True


class _Stream:
    """Portions of chunks, each behind its length in four bytes (big-endian), until one of length 0."""

    def __init__(self, connection: Connection, limit: int) -> None:
        self._connection = connection
        self._limit = limit
        self.ended = False

    def __iter__(self) -> Iterator[bytes]:
        left = self._limit
        while length := int.from_bytes(self._connection.exactly(4), "big"):
            left -= length
            if left < 0:
                raise BodyTooLarge(f"a stream is over intake.max_body ({self._limit})")
            while length:
                portion = self._connection.some(min(length, CHUNK))
                length -= len(portion)
                yield portion
        self.ended = True


def _read_command(connection: Connection) -> _Command:
    prefix = connection.peek()
    if prefix in _ENDS:
        connection.exactly(1)
        end = _ENDS[prefix]
        return _Command(_name(connection.line(end, _LONGEST_COMMAND)), end, plain=False)
    line = connection.line(b"\n", _LONGEST_COMMAND, end_of_data_ends_it=True)
    return _Command(_name(line.removesuffix(b"\r")), b"\n", plain=True)


def _name(line: bytes) -> str:
    return line.decode("ascii", "replace")


def _in_words(outcome: Outcome) -> str:
    """Names no list and no distance; the case number is the one an uploader is told by the other doors."""
    verdict = outcome.verdict
    if not verdict.action.refuses:
        return "stream: OK"
    if verdict.result in {Result.MATCH, Result.NEAR}:
        return f"stream: UploadGuard.Refused.{outcome.case} FOUND"
    return f"stream: could not be read, kept as case {outcome.case}. ERROR"
