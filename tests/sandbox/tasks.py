"""A task for workers that does as the file says: a picture is hashed, a word is obeyed."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.imaging.signals import image_signals
from upload_guard.records import Analysis, Signal, SignalType

libc = ctypes.CDLL(None, use_errno=True)


def analyse(stream: BinaryIO, limits: ScanLimits) -> Analysis:
    head = stream.read(HEAD)
    if head.startswith(b"DO "):
        word = head.decode().split()[1]
        return ORDERS[word]()
    stream.seek(0)
    image_format = sniff(head)
    if image_format is None:
        return Analysis()
    return image_signals(stream, image_format, Budget(limits))


def said(text: object) -> Analysis:
    return Analysis(degraded=(str(text),))


def outcome(call: Callable[[], object]) -> Analysis:
    """How a forbidden thing ended, for the test to read."""
    try:
        return said(f"done: {call()}")
    except (OSError, ValueError) as error:
        return said(f"refused: {getattr(error, 'strerror', error)}")


def spin() -> Analysis:
    while True:
        pass


def sleep() -> Analysis:
    time.sleep(600)
    return Analysis()


def hang_in_c() -> Analysis:
    """Spin in C, holding the interpreter, with every signal blocked that can be."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    data = ctypes.create_string_buffer(b"a" * (1 << 20))
    memmem = ctypes.PyDLL(None).qsort
    compare = ctypes.PyDLL(None).strcmp
    while True:
        memmem(data, 1 << 20, 1, compare)


def eat() -> Analysis:
    held = []
    while True:
        held.append(bytearray(16 << 20))


def recurse() -> Analysis:
    return recurse()


def segfault() -> Analysis:
    ctypes.string_at(0)
    return Analysis()


def abort() -> Analysis:
    libc.abort()
    return Analysis()


def fork() -> Analysis:
    def child() -> None:
        if not os.fork():
            os._exit(0)

    return outcome(child)


def execute() -> Analysis:
    return outcome(lambda: os.execv("/bin/true", ["true"]))  # noqa: S606


def spawn_in_c() -> Analysis:
    return said(libc.system(b"true"))


def start_thread() -> Analysis:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(1))
    thread.start()
    thread.join()
    return said(seen)


def write_raw(data: bytes) -> Analysis:
    for fd in range(3, 16):
        libc.send(fd, data, len(data), 0)
    time.sleep(600)
    return Analysis()


def garbage() -> Analysis:
    return write_raw(b"\0\0\0\x07garbage")


def announce_much() -> Analysis:
    return write_raw(b"\xff\xff\xff\xff")


def promise_and_keep_waiting() -> Analysis:
    return write_raw(b"\0\0\x10\0")


def answer_twice() -> Analysis:
    """A frame of its own before the true one: the second must never be taken for the next file's."""
    line = b'["degraded", "forged"]'
    for fd in range(3, 16):
        libc.send(fd, len(line).to_bytes(4, "big") + line, 4 + len(line), 0)
    return said("true")


def gigantic() -> Analysis:
    signal_ = Signal(SignalType.PDQ, bytes(32), "x" * 200, 50)
    return Analysis((signal_,) * 100_000)


def no_analysis() -> Analysis:
    return cast("Analysis", {"signals": "all of them"})


def executable_memory() -> Analysis:
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, 4096, 7, 0x22, -1, 0)
    return said("refused" if address == ctypes.c_void_p(-1).value else "done")


def _raise_limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))


def _raise_errno(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def pid() -> Analysis:
    return said(os.getpid())


def environment() -> Analysis:
    return said(" ".join(sorted(os.environ)))


def number(call: int, *arguments: Any) -> Analysis:
    """A system call by number, past any wrapper."""
    done = libc.syscall(call, *arguments)
    return said(f"done: {done}" if done >= 0 else f"refused: {os.strerror(ctypes.get_errno())}")


ORDERS: dict[str, Callable[[], Analysis]] = {
    "spin": spin,
    "sleep": sleep,
    "nap": lambda: (time.sleep(0.5), Analysis())[1],
    "hang-in-c": hang_in_c,
    "eat": eat,
    "recurse": recurse,
    "segfault": segfault,
    "abort": abort,
    "exit": lambda: os._exit(3),
    "leave": lambda: (_ for _ in ()).throw(SystemExit(0)),
    "raise": lambda: {}["nothing"],
    "garbage": garbage,
    "announce-much": announce_much,
    "promise": promise_and_keep_waiting,
    "answer-twice": answer_twice,
    "gigantic": gigantic,
    "no-analysis": no_analysis,
    "pid": pid,
    "thread": start_thread,
    "environment": environment,
    # what must be refused
    "open": lambda: outcome(lambda: Path("/etc/passwd").read_bytes()),
    "write": lambda: outcome(lambda: Path("/tmp/upload-guard-escaped").write_text("x")),  # noqa: S108
    "list": lambda: outcome(lambda: os.listdir("/")),  # noqa: PTH208
    "stat": lambda: outcome(lambda: os.stat("/etc/passwd")),  # noqa: PTH116
    "unlink": lambda: outcome(lambda: os.unlink("/tmp/upload-guard-none")),  # noqa: PTH108, S108
    "tcp": lambda: outcome(lambda: socket.socket(socket.AF_INET)),
    "unix": lambda: outcome(lambda: socket.socket(socket.AF_UNIX)),
    "fork": fork,
    "exec": execute,
    "system": spawn_in_c,
    "kill": lambda: outcome(lambda: os.kill(os.getppid(), 0)),
    "ptrace": lambda: outcome(lambda: _raise_errno(libc.ptrace(0, 0, 0, 0))),
    "raise-limits": lambda: outcome(_raise_limits),
    "executable-memory": executable_memory,
    # clone without CLONE_THREAD, past libc: a process
    "thread-of-its-own": lambda: number(56, 17, None, None, None, None),
    "clone3": lambda: number(435, None, 0),
    "io_uring": lambda: number(425, 8, None),
    "memfd": lambda: outcome(lambda: os.memfd_create("x")),
    "pidfd": lambda: outcome(lambda: os.pidfd_open(os.getppid())),
}
