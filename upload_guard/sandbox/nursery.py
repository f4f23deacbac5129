"""The server's hold on its zygote: starts it, has it fork and kill workers, and ends it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import weakref
from contextlib import suppress

from upload_guard.interpreter import interpreter, search_path
from upload_guard.records import SignalType
from upload_guard.sandbox.handle import WorkerHandle
from upload_guard.sandbox.wire import WireError, receive_frame, send_frame
from upload_guard.sandbox.zygote import COMMAND, PID, Order

# Seconds. Importing numpy, scipy and Pillow from a slow disk takes many; forking never does.
_WARM_UP = 60.0
_FORK = 5.0
_END = 5.0

# What a Python and its C libraries may need to be found. Everything else of the server's environment may
# hold secrets and stays there.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "LANG", "LC_ALL", "LC_CTYPE")
# One thread a worker, one heap a worker: threads and heaps reserve address space by the 64 MiB.
_SINGLE = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    # onnxruntime from 1.29 on tells its maker what it is used for, by a thread of its own.
    "ORT_DISABLE_TELEMETRY": "1",
}
# Pictures come in blocks of 16 MiB. Left to itself, glibc gives those back after each file and has the kernel
# clear new ones for the next: a third of the time that a WebP takes. So a waiting worker keeps up to 64 MiB.
_KEEPING = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}


class NurseryError(Exception):
    """The zygote cannot be started, or has ended."""


class Nursery:
    """One running zygote. `fork` and `kill` may be called by several threads at once."""

    def __init__(self, order: Order) -> None:
        """Start and warm it. Takes about a second; raises `NurseryError`."""
        self._lock = threading.Lock()
        self._kinds = frozenset((*SignalType, *(one.type for one in order.plugins)))
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [interpreter(), "-P", "-m", "upload_guard.sandbox.zygote", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment(),
                pass_fds=[theirs.fileno()],
                # A Ctrl-C at the server's terminal is the server's: it will end us in good order.
                start_new_session=True,
            )
        # For a sandbox that is dropped and not closed.
        self._dropped = weakref.finalize(self, _end, os.getpid(), self._channel, self._process)
        self._dropped.atexit = False
        try:
            send_frame(self._channel, order.to_json())
            fault = json.loads(receive_frame(self._channel, _WARM_UP))["fault"]
        except (OSError, WireError) as error:
            fault = f"did not get ready: {error}"
        if fault:
            self.close()
            raise NurseryError(f"the decoder process cannot start: {fault}")

    def fork(self) -> WorkerHandle:
        """A new worker, confined and ready. Raises `NurseryError`."""
        try:
            with self._lock:
                self._channel.settimeout(_FORK)
                self._channel.sendall(COMMAND.pack(b"F", 0))
                data, fds, _, _ = socket.recv_fds(self._channel, PID.size, 1)
            if len(data) != PID.size or len(fds) != 1:
                raise NurseryError("the decoder process has ended")
            return WorkerHandle(self, PID.unpack(data)[0], socket.socket(fileno=fds[0]), _FORK, self._kinds)
        except (OSError, WireError) as error:
            raise NurseryError(f"the decoder process gives no worker: {error}") from error

    def kill(self, pid: int) -> None:
        """Kill a worker by its parent, which alone knows that this id is still that worker's."""
        with suppress(OSError), self._lock:
            self._channel.sendall(COMMAND.pack(b"K", pid))

    def close(self) -> None:
        """End it and its workers; waits until it is gone."""
        self._dropped.detach()
        self._channel.close()
        try:
            self._process.wait(_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill_all(self) -> None:
        """End one that no longer answers; the kernel ends its workers with it (`end_with`)."""
        self._process.kill()
        self.close()

    def disown(self) -> None:
        """In a forked child of the server: let go of the parent's zygote without touching it."""
        self._dropped.detach()
        self._channel.close()
        # Else its destructor would ask after a process that is not this one's child.
        self._process.returncode = 0


def _end(owner: int, channel: socket.socket, process: subprocess.Popen[bytes]) -> None:
    channel.close()
    if os.getpid() == owner:
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return kept | _SINGLE | _KEEPING | {"PYTHONPATH": search_path()}
