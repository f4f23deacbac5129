"""The host's file before every PHP site: each pool is tried with it before it is switched on.

PHP fails before any line of it runs where `open_basedir` leaves its folder out: every site of the pool then
answers 500. So it is run here as the pool's account, under the pool's settings, by the command line's PHP.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from upload_guard.doctor.pools import Pool
from upload_guard.doctor.steps import Said, Step, broken, odd, skipped, taken, well

_KEY = "UPLOAD_GUARD_KEY_ID"
_NEEDED = ("UPLOAD_GUARD_URL", _KEY, "UPLOAD_GUARD_SECRET")
_PREPEND = "auto_prepend_file"
# Of root's own environment: the pool's account can read that of its processes.
_KEPT = ("PATH", "LANG", "TZ", "LD_LIBRARY_PATH")
# A customer's file is not run for a try, and must not be where root starts it.
_LEFT_OUT = "UPLOAD_GUARD_CHAIN"
_TRIED = ("open_basedir", "disable_functions", "disable_classes", "include_path")
_SAID = re.compile(r"^upload-guard (\{.*\})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Php:
    """How PHP is run: its command, and the bridge's prepend file."""

    command: tuple[str, ...]
    prepend: Path
    timeout: float = 60.0

    @property
    def bridge(self) -> Path:
        return self.prepend.parent.parent


def pool_steps(php: Php, pools: Sequence[Pool]) -> Iterator[Step]:
    keys = Counter(pool.environment.get(_KEY, "") for pool in pools)
    for pool in pools:
        shared = keys[pool.environment.get(_KEY, "")] > 1
        yield taken(f"{pool.name} settings", partial(_settings, php, pool, shared=shared), "")
        yield taken(f"{pool.name} php", partial(_run, php, pool), "")


def _settings(php: Php, pool: Pool, *, shared: bool) -> Said:
    missing = [name for name in _NEEDED if not pool.environment.get(name)]
    if missing:
        return broken(
            f"env has no {', '.join(missing)}",
            "make a key with 'upload-guard key new SITE', and set env[...] as docs/hosts.md shows",
        )
    if shared:
        return broken(
            "its machine key is another pool's as well: each customer could see the other's cases",
            "make one key for each pool",
        )
    if pool.file.stat().st_mode & 0o004:
        return odd("every account can read the secret in its file", f"chmod 0640 {pool.file}")
    return _prepended(php, pool)


def _prepended(php: Php, pool: Pool) -> Said:
    ours = str(php.prepend)
    firm = pool.firm.get(_PREPEND, "")
    weak = pool.weak.get(_PREPEND, "")
    if firm == ours:
        return well("switched on")
    if weak == ours:
        return broken(
            "php_value sets the file, and any .user.ini of the customer takes it away again",
            f"write php_admin_value[{_PREPEND}] = {ours}",
        )
    own = firm or weak
    if own and own != pool.environment.get("UPLOAD_GUARD_CHAIN"):
        return odd(
            f"not switched on, and the pool has a file of its own before its scripts: {own}",
            f"set env[UPLOAD_GUARD_CHAIN] = {own} when you write php_admin_value[{_PREPEND}] = {ours}",
        )
    return well(f"not switched on yet: php_admin_value[{_PREPEND}] = {ours}")


def _run(php: Php, pool: Pool) -> Said:
    """Send the canary from within the pool's walls."""
    if pool.chroot:
        return skipped(f"the pool is locked into {pool.chroot}: try it there")
    options = [f"-d{name}={pool.settings[name]}" for name in _TRIED if name in pool.settings]
    probe = php.prepend.with_name("php-check.php")
    command = (*php.command, *options, f"-d{_PREPEND}={php.prepend}", "-ddisplay_errors=stderr", str(probe))
    account = _account(pool)
    if account is None:
        return broken(
            f"its account is not there: user {pool.user or 'is not set'}, group {pool.group or 'is not set'}",
            "php-fpm would not start this pool; set its user and group",
        )
    own = {name: value for name, value in pool.environment.items() if name != _LEFT_OUT}
    try:
        done = subprocess.run(  # noqa: S603 - PHP, as the administrator names it
            command,
            env={name: os.environ[name] for name in _KEPT if name in os.environ} | own,
            user=account.user,
            group=account.group,
            extra_groups=account.others,
            capture_output=True,
            text=True,
            timeout=php.timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return broken(f"PHP could not be run: {error}", "name the pool's own PHP with --php")
    return _judged(php, pool, done)


def _judged(php: Php, pool: Pool, done: subprocess.CompletedProcess[str]) -> Said:
    found = _SAID.search(done.stdout)
    if found is None:
        return _failed(php, pool, done)
    said = json.loads(found[1])
    if said["kind"] == "refused":
        return well(f"PHP {said['php']} refuses the canary from there")
    if said["kind"] == "allowed":
        return broken("the sidecar took the canary", "see whether [canary] is switched off there")
    reason = said["fault"]
    if reason == "no_sockets":
        return broken(
            "stream_socket_client is in disable_functions: nothing could be checked",
            "take it out for this pool; fsockopen and the like can stay forbidden",
        )
    if reason == "not_configured" and "getenv" in pool.settings.get("disable_functions", ""):
        return broken(
            "getenv is in disable_functions: the pool's settings cannot be read, so nothing would be checked",
            "take it out for this pool",
        )
    return broken(
        f"no verdict: {reason}", "see docs/machine-keys.md for refusals, and whether the sidecar runs"
    )


def _failed(php: Php, pool: Pool, done: subprocess.CompletedProcess[str]) -> Said:
    said = done.stderr + done.stdout
    if "open_basedir" in said:
        return broken(
            "open_basedir leaves the bridge's folder out: every site of this pool would answer 500",
            f"add it: php_admin_value[open_basedir] = {pool.settings.get('open_basedir', '')}:{php.bridge}",
        )
    line = next((line for line in said.splitlines() if line.strip()), f"exit code {done.returncode}")
    return broken(
        f"PHP ended without an answer: {line[:200]}", "see that the account may read the bridge's folder"
    )


@dataclass(frozen=True, slots=True)
class _Account:
    """What a process becomes; None: stays as it is."""

    user: int | None = None
    group: int | None = None
    others: list[int] | None = None


def _account(pool: Pool) -> _Account | None:
    """The pool's own with its groups, where this process may become it. None: there is none."""
    if os.geteuid() != 0:
        return _Account()
    try:
        person = pwd.getpwuid(int(pool.user)) if pool.user.isdecimal() else pwd.getpwnam(pool.user)
        group = _group(pool.group) if pool.group else person.pw_gid
    except KeyError:
        return None
    return _Account(person.pw_uid, group, os.getgrouplist(person.pw_name, group))


def _group(name: str) -> int:
    return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
