"""Apache with mod_php, and one site of it behind the host's file."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.debian import programs_of
from tests.live.wordpress.hosting import PREPEND
from tests.live.wordpress.php import VERSION, Php
from upload_guard.demo.servers import Server, free_port, running

# Apache will not serve as root; where the tests run as root, this account serves.
ACCOUNT = "nobody"
CONFIG = """
ServerRoot "{folder}"
ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{folder}/apache.pid"
ErrorLog "{folder}/apache.log"
DefaultRuntimeDir "{folder}"
Mutex sem default
{account}
LoadModule mpm_prefork_module "{modules}/mod_mpm_prefork.so"
LoadModule authz_core_module "{modules}/mod_authz_core.so"
LoadModule dir_module "{modules}/mod_dir.so"
LoadModule env_module "{modules}/mod_env.so"
LoadModule php_module "{modules}/libphp{version}.so"
PHPIniDir "{folder}"
StartServers 2
MaxRequestWorkers 4
PassEnv UPLOAD_GUARD_CHAIN
<VirtualHost 127.0.0.1:{port}>
  DocumentRoot "{root}"
  DirectoryIndex index.php
  php_admin_value auto_prepend_file "{prepend}"
  <Directory "{root}">
    Require all granted
  </Directory>
  <FilesMatch "\\.php$">
    SetHandler application/x-httpd-php
  </FilesMatch>
</VirtualHost>
"""


@contextmanager
def mod_php(folder: Path, root: Path, php: Php, environment: Mapping[str, str]) -> Iterator[str]:
    """The address of `root` as Apache serves it; `environment` is that of its processes."""
    folder.mkdir(exist_ok=True)
    port, programs = free_port(), programs_of("apache2-bin", f"libapache2-mod-php{VERSION}")
    values = {
        "folder": folder,
        "port": port,
        "root": root,
        "prepend": PREPEND,
        "modules": programs.program("usr/lib/apache2/modules"),
        "version": VERSION,
        "account": f"User {ACCOUNT}\nGroup #{pwd.getpwnam(ACCOUNT).pw_gid}" if os.geteuid() == 0 else "",
    }
    (folder / "apache.conf").write_text(CONFIG.format(**values))
    (folder / "php.ini").write_text("\n".join(line.removeprefix("-d") for line in php.options()[1:]))
    (root / "alive.txt").write_text("alive")
    _give_away(root)
    libraries = [environ["LD_LIBRARY_PATH"] for environ in (programs.environment, php.environment)]
    server = Server(
        "apache",
        (programs.program("usr/sbin/apache2"), "-f", str(folder / "apache.conf"), "-DFOREGROUND"),
        programs.environment | {"LD_LIBRARY_PATH": ":".join(libraries)} | dict(environment),
        f"http://127.0.0.1:{port}/alive.txt",
        folder / "apache.out",
    )
    with running(server):
        yield f"http://localhost:{port}"


def _give_away(root: Path) -> None:
    """To the account that serves, what is no link to a file of the tests' cache."""
    if os.geteuid() != 0:
        return
    account = pwd.getpwnam(ACCOUNT)
    for path in (root, *root.rglob("*")):
        if path.is_dir() or path.stat().st_nlink == 1:
            os.chown(path, account.pw_uid, account.pw_gid)
