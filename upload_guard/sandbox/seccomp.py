"""The system calls that a decoder needs; every other one fails with EPERM.

Sources: seccomp(2), seccomp_rule_add(3), clone(2), mmap(2). The list was found by decoding each format and
stands for what remains once all modules are loaded: nothing here can name a file, a peer or a process.
"""

from __future__ import annotations

import errno
import mmap
import sys
from collections.abc import Callable
from importlib import import_module

ALLOWED = (
    # memory, without the right to run what was written to it: see `_WITHOUT_EXECUTION`
    *("brk", "madvise", "mremap", "munmap"),
    # descriptors that were handed over
    *("close", "fstat", "lseek", "pread64", "read", "recvmsg", "sendto"),
    # threads and signals within the process
    *("futex", "futex_time64", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"),
    *("rseq", "set_robust_list", "sched_getaffinity", "sched_yield", "gettid", "getpid"),
    # clocks, chance and the end
    *("clock_gettime", "clock_nanosleep", "gettimeofday", "nanosleep", "getrandom"),
    *("exit", "exit_group", "restart_syscall"),
)
_WITHOUT_EXECUTION = ("mmap", "mprotect")
_CLONE_VM, _CLONE_THREAD = 0x100, 0x10000


def prepared_filter() -> Callable[[], None]:
    """A function that forbids all other calls to this process, for good; it needs no_new_privs.

    Prepared first and applied later, since by then its library could no longer be opened. Raises
    `RuntimeError` where libseccomp is missing, `ImportError` without pyseccomp, else `OSError`.
    """
    if sys.platform != "linux":
        raise OSError("seccomp is Linux's")
    # Imported here and by name: it is optional, looks for its C library on import, and carries no types.
    seccomp = import_module("pyseccomp")
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in ALLOWED:
        rules.add_rule(seccomp.ALLOW, name)
    not_executable = seccomp.Arg(2, seccomp.MASKED_EQ, mmap.PROT_EXEC, 0)
    for name in _WITHOUT_EXECUTION:
        rules.add_rule(seccomp.ALLOW, name, not_executable)
    # HEIF decoders start threads; a clone that is no thread is a process. clone3 hides its flags behind a
    # pointer, which no filter can read: libc takes the older call where it hears that there is none.
    thread = _CLONE_VM | _CLONE_THREAD
    rules.add_rule(seccomp.ALLOW, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, thread, thread))
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    load: Callable[[], None] = rules.load
    return load
