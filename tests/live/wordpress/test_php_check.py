"""php-check: what would happen to a pool is told before the host's file is switched on."""

from __future__ import annotations

import os
import pwd
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.hosting import PREPEND, Pool, guarded_pool
from tests.live.wordpress.php import php
from upload_guard.doctor.php import Php, pool_steps
from upload_guard.doctor.pools import pools_in

pytestmark = pytest.mark.live


def written(file: Path, pool: Pool, name: str = "customer", mode: int = 0o640) -> Path:
    file.write_text(
        f"[global]\n; nothing\n[{name}]\nuser = root\nlisten = /run/{name}.sock\n{pool.lines()}\n"
    )
    file.chmod(mode)
    return file


def checked(*files: Path, prepend: Path = PREPEND) -> tuple[int, str]:
    command = shlex.join([php().program, *php().options()])
    done = subprocess.run(
        [sys.executable, "-m", "upload_guard", "php-check", *files, "--prepend", prepend, "--php", command],
        env=os.environ | php().environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_pool_that_is_well_refuses_the_canary(guard: Sidecar, tmp_path: Path) -> None:
    code, said = checked(written(tmp_path / "a.conf", guarded_pool(guard.url, guard.key)))
    assert code == 0, said
    assert "customer settings: switched on" in said
    assert "refuses the canary from there" in said


def test_open_basedir_without_the_bridge_is_found_before_every_site_fails(
    guard: Sidecar, tmp_path: Path
) -> None:
    pool = replace(guarded_pool(guard.url, guard.key), values={"open_basedir": f"{tmp_path}"})
    code, said = checked(written(tmp_path / "a.conf", pool))
    assert code == 2
    assert "open_basedir leaves the bridge's folder out: every site of this pool would answer 500" in said
    assert f"php_admin_value[open_basedir] = {tmp_path}:{PREPEND.parents[1]}" in said


def test_without_sockets_nothing_could_be_checked(guard: Sidecar, tmp_path: Path) -> None:
    pool = replace(
        guarded_pool(guard.url, guard.key), values={"disable_functions": "exec,stream_socket_client"}
    )
    code, said = checked(written(tmp_path / "a.conf", pool))
    assert code == 2
    assert "stream_socket_client is in disable_functions" in said


def test_without_the_environment_nothing_could_be_checked(guard: Sidecar, tmp_path: Path) -> None:
    pool = replace(guarded_pool(guard.url, guard.key), values={"disable_functions": "getenv"})
    code, said = checked(written(tmp_path / "a.conf", pool))
    assert code == 2
    assert "getenv is in disable_functions: the pool's settings cannot be read" in said


def test_two_pools_may_not_share_a_key(guard: Sidecar, tmp_path: Path) -> None:
    pool = guarded_pool(guard.url, guard.key)
    code, said = checked(written(tmp_path / "a.conf", pool, "one"), written(tmp_path / "b.conf", pool, "two"))
    assert code == 2
    assert said.count("its machine key is another pool's as well") == 2


def test_a_secret_that_all_can_read_and_a_file_of_the_pools_own_are_told(
    guard: Sidecar, tmp_path: Path
) -> None:
    pool = guarded_pool(guard.url, guard.key)
    code, said = checked(written(tmp_path / "a.conf", pool, mode=0o644))
    assert (code, "every account can read the secret" in said) == (1, True)
    own = replace(pool, values={"auto_prepend_file": "/srv/own.php"})
    code, said = checked(written(tmp_path / "b.conf", own))
    assert (code, "env[UPLOAD_GUARD_CHAIN] = /srv/own.php" in said) == (1, True)


def test_a_pool_without_a_key_or_a_sidecar_is_broken(guard: Sidecar, tmp_path: Path) -> None:
    code, said = checked(written(tmp_path / "a.conf", Pool()))
    assert code == 2
    assert "env has no UPLOAD_GUARD_URL, UPLOAD_GUARD_KEY_ID, UPLOAD_GUARD_SECRET" in said
    code, said = checked(written(tmp_path / "b.conf", guarded_pool("http://127.0.0.1:9", guard.key)))
    assert (code, "no verdict: unreachable" in said) == (2, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another account")
def test_a_pool_is_tried_with_none_of_roots_rights(guard: Sidecar, tmp_path: Path) -> None:
    """subprocess's `user` alone keeps root's groups: what only those may read would be found readable."""
    tell = ("/bin/sh", "-c", "echo user=$(id -u) groups=$(id -G) home=$HOME chain=$UPLOAD_GUARD_CHAIN.")
    file = written(tmp_path / "a.conf", guarded_pool(guard.url, guard.key, CHAIN="/srv/customers.php"))
    file.write_text(file.read_text().replace("user = root", "user = nobody"))
    _, tried = pool_steps(Php(tell, PREPEND), pools_in(file))
    nobody = pwd.getpwnam("nobody")
    assert f"user={nobody.pw_uid} groups={nobody.pw_gid} home= chain=." in tried.said.told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another account")
def test_a_pool_whose_account_is_not_there_is_never_tried_as_root(guard: Sidecar, tmp_path: Path) -> None:
    file = written(tmp_path / "a.conf", guarded_pool(guard.url, guard.key))
    file.write_text(file.read_text().replace("user = root", "user = no-such-account"))
    code, said = checked(file)
    assert (code, "its account is not there: user no-such-account" in said) == (2, True)


def test_what_a_customer_could_take_away_is_no_guard(guard: Sidecar, tmp_path: Path) -> None:
    file = written(tmp_path / "a.conf", replace(guarded_pool(guard.url, guard.key), values={}))
    file.write_text(file.read_text() + f"php_value[auto_prepend_file] = {PREPEND}\n")
    code, said = checked(file)
    assert (code, "any .user.ini of the customer takes it away" in said) == (2, True)


def test_a_file_of_pools_is_read_as_fpm_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "www.conf"
    file.write_text(
        "[global]\npid = /run/x\n[www]\nuser = web ; the account\nchroot = /srv/$pool\n"
        'env[KEY] = "quoted"\nphp_admin_value[open_basedir] = /srv/$pool:/tmp\n'
        "php_flag[display_errors] = off\n"
        "[other]\nuser = $pool\n"
    )
    www, other = pools_in(file)
    assert (www.name, www.user, www.chroot) == ("www", "web", "/srv/www")
    assert (www.environment, www.firm) == ({"KEY": "quoted"}, {"open_basedir": "/srv/www:/tmp"})
    assert (www.weak, other.user) == ({"display_errors": "off"}, "other")
