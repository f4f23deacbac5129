"""The zygote: a small process that has everything loaded and forks a worker whenever it is asked.

Started anew with exec, so that no key, connection or thread of the server is in its memory, and so that
forking is safe: it has one thread. It reads nothing of a stranger. It ends when its server does.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
from dataclasses import asdict, dataclass, replace

from upload_guard.imaging.budget import ScanLimits
from upload_guard.imaging.plugin import Declared
from upload_guard.records import SignalType
from upload_guard.sandbox.confine import Bounds, confine, end_with
from upload_guard.sandbox.warm import load_plugins, load_task, warm, with_plugins
from upload_guard.sandbox.wire import receive_frame, send_frame
from upload_guard.sandbox.worker import Task, serve

COMMAND = struct.Struct("!cI")
"""b"F", 0 asks for a worker; b"K" and a process id asks to kill one."""
PID = struct.Struct("!I")

# Seconds between looks at whether the server still lives and whether children have ended.
_LOOK = 1.0


@dataclass(frozen=True, slots=True)
class Order:
    """What the server asks for in its first frame."""

    task: str
    scan: ScanLimits
    bounds: Bounds
    plugins: tuple[Declared, ...] = ()

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Order:
        values = json.loads(data)
        plugins = (Declared(**one | {"type": SignalType(one["type"])}) for one in values["plugins"])
        scan, bounds = ScanLimits(**values["scan"]), Bounds(**values["bounds"])
        return cls(values["task"], scan, bounds, tuple(plugins))


class Zygote:
    def __init__(self, channel: socket.socket, order: Order, task: Task, server: int) -> None:
        self._channel = channel
        self._order = order
        self._task = task
        self._server = server
        self._children: set[int] = set()

    def run(self) -> None:
        """Until the server closes its end or is gone; then no worker is left either."""
        # Not the end of the channel alone: a process that the server forked may hold a copy of its end.
        while os.getppid() == self._server:
            readable, _, _ = select.select([self._channel], [], [], _LOOK)
            self._reap()
            if readable and not self._obey():
                break
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)

    def _obey(self) -> bool:
        command = self._channel.recv(COMMAND.size, socket.MSG_WAITALL)
        if len(command) < COMMAND.size:
            return False
        verb, pid = COMMAND.unpack(command)
        if verb == b"F":
            self._fork()
        elif verb == b"K" and pid in self._children:
            # It is still ours: only `_reap` gives a process id free to be used again.
            os.kill(pid, signal.SIGKILL)
        return True

    def _fork(self) -> None:
        # Made here and not in the server, where another thread's fork could carry a copy of the worker's
        # end away: then its death would not show.
        ours, theirs = socket.socketpair()
        zygote = os.getpid()
        pid = os.fork()
        if not pid:
            self._become_worker(theirs, zygote)
        self._children.add(pid)
        theirs.close()
        with ours:
            socket.send_fds(self._channel, [PID.pack(pid)], [ours.fileno()])

    def _become_worker(self, channel: socket.socket, zygote: int) -> None:
        """Never returns into the zygote's own code, whatever happens."""
        try:
            end_with(zygote)
            _keep_only(channel)
            report = confine(self._order.bounds)
            send_frame(channel, json.dumps(asdict(report)).encode())
            serve(channel, self._task, self._order.scan)
        finally:
            os._exit(0)

    def _reap(self) -> None:
        for pid in tuple(self._children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._children.discard(pid)


def _keep_only(channel: socket.socket) -> None:
    """Leave the channel and three standard descriptors that lead nowhere: libraries print what they like."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    kept = channel.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))


def main() -> None:
    # The server may have been told to ignore its children's ends, which is inherited over exec.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Asked before the long warming, in which the server may end and leave us to another parent.
    server = os.getppid()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        channel.set_inheritable(False)
        order = Order.from_json(receive_frame(channel))
        try:
            task, scan = load_task(order.task), order.scan
            if order.plugins:
                plugins = load_plugins(order.plugins)
                task = with_plugins(task, plugins)
                scan = replace(scan, colours=any(plugin.colours for plugin in plugins))
            warm(task, scan)
        except Exception as error:  # noqa: BLE001 - the server puts it into its own log
            send_frame(channel, json.dumps({"fault": f"{type(error).__name__}: {error}"}).encode())
            return
        send_frame(channel, json.dumps({"fault": ""}).encode())
        channel.settimeout(None)
        Zygote(channel, replace(order, scan=scan), task, server).run()


if __name__ == "__main__":
    main()
