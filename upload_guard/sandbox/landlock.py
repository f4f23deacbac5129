"""Landlock: a process gives up the file system, TCP and signals to others for good.

Sources: landlock(7), landlock_create_ruleset(2), landlock_restrict_self(2), linux/landlock.h. glibc has no
wrappers, so the system calls are made by number; these numbers are the same on all architectures but Alpha.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_CREATE_RULESET = 444
_RESTRICT_SELF = 446
_CREATE_RULESET_VERSION = 1

# Which accesses exist since which version of the interface (ABI), as a number of low bits.
_FILE_BITS = {1: 13, 2: 14, 3: 15, 5: 16}
_NET_BITS = {4: 2}
_SCOPE_BITS = {6: 2}


def abi() -> int:
    """The version that the kernel offers, or 0 where it offers none."""
    if sys.platform != "linux":
        return 0
    return max(0, _syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION))


def give_up_everything() -> None:
    """Forbid all that the kernel knows to forbid, with no exception; needs no_new_privs.

    Open descriptors keep working. Covers this thread and those that it starts later. Raises `OSError`.
    """
    version = abi()
    if not version:
        raise OSError("the kernel has no Landlock")
    # struct landlock_ruleset_attr grew by one 64-bit field at ABI 4 and at ABI 6.
    fields = 1 + (version >= 4) + (version >= 6)
    masks = [_mask(bits, version) for bits in (_FILE_BITS, _NET_BITS, _SCOPE_BITS)][:fields]
    attributes = struct.pack(f"={fields}Q", *masks)
    ruleset = _checked(_syscall(_CREATE_RULESET, attributes, len(attributes), 0))
    try:
        _checked(_syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _mask(bits: dict[int, int], version: int) -> int:
    known = [count for since, count in bits.items() if since <= version]
    return (1 << max(known, default=0)) - 1


def _syscall(number: int, *arguments: bytes | int | None) -> int:
    # syscall(2) takes longs: a bare int would be handed on as a C int.
    sized = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long
    return int(function(ctypes.c_long(number), *sized))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
