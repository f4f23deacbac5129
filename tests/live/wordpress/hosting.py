"""A host: nginx before php-fpm, with pools that a test sets up."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.debian import programs_of
from tests.live.wordpress.php import Php
from tests.live.wordpress.sites import BRIDGE
from tests.support import eventually
from upload_guard.demo.servers import Server, free_port, running
from upload_guard.signing import Credentials

PREPEND = BRIDGE / "host" / "upload-guard-prepend.php"

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
{user}
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_max_body_size 80m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    index index.php;
    location / {{ try_files $uri $uri/ /index.php?$args; }}
    location ~ \\.php$ {{
      fastcgi_pass unix:{folder}/fpm.sock;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_param SCRIPT_NAME $fastcgi_script_name;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param REQUEST_URI $request_uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param SERVER_PROTOCOL $server_protocol;
      fastcgi_param SERVER_NAME localhost;
      fastcgi_param SERVER_PORT {port};
      fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param DOCUMENT_ROOT $document_root;
      fastcgi_param HTTP_HOST $http_host;
    }}
  }}
}}
"""
FPM = """
[global]
error_log = {folder}/fpm.log
daemonize = no
[customer]
{user}
listen = {folder}/fpm.sock
pm = static
pm.max_children = 3
catch_workers_output = yes
php_flag[display_errors] = off
php_admin_value[error_log] = {folder}/php-errors.log
{values}
"""


@dataclass(frozen=True, slots=True)
class Pool:
    """What a host writes into one customer's pool."""

    environment: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> str:
        named = [f"env[{name}] = {value}" for name, value in self.environment.items()]
        return "\n".join(
            [*named, *(f"php_admin_value[{name}] = {value}" for name, value in self.values.items())]
        )


def guarded_pool(url: str, key: Credentials, **more: str) -> Pool:
    """A pool with the bridge before every script."""
    names = {"URL": url, "KEY_ID": key.key_id, "SECRET": key.secret} | more
    environment = {f"UPLOAD_GUARD_{name}": value for name, value in names.items()}
    return Pool(environment, {"auto_prepend_file": str(PREPEND)})


@contextmanager
def host(folder: Path, root: Path, php: Php, pool: Pool, port: int = 0) -> Iterator[str]:
    """The address of `root` as that host serves it."""
    folder.mkdir(exist_ok=True)
    port = port or free_port()
    me = os.geteuid() == 0
    values = {"folder": folder, "port": port, "root": root}
    (folder / "nginx.conf").write_text(NGINX.format(**values, user="user root;" if me else ""))
    user = "user = root\ngroup = root" if me else ""
    (folder / "fpm.conf").write_text(FPM.format(**values, user=user, values=pool.lines()))
    (root / "alive.txt").write_text("alive")
    opcache = next(php.unpacked.root.glob("usr/lib/php/20*/opcache.so"))
    fpm = (php.fpm, *php.options(), f"-dzend_extension={opcache}", "-y", str(folder / "fpm.conf"), "-F")
    nginx = programs_of("nginx-light")
    with (
        running(
            _server(
                "nginx",
                (
                    nginx.program("usr/sbin/nginx"),
                    "-c",
                    str(folder / "nginx.conf"),
                    "-e",
                    str(folder / "nginx.log"),
                ),
                nginx.environment,
                port,
                folder,
            )
        ),
        running(_server("php-fpm", (*fpm, *(["-R"] if me else [])), php.environment, port, folder)),
    ):
        # nginx answers the probe of both; a socket's file is there before anybody listens, and after.
        assert eventually(lambda: _listens(folder / "fpm.sock")), "php-fpm does not listen"
        yield f"http://localhost:{port}"


def _server(
    name: str, command: tuple[str, ...], environment: Mapping[str, str], port: int, folder: Path
) -> Server:
    return Server(
        name, command, dict(environment), f"http://127.0.0.1:{port}/alive.txt", folder / f"{name}.out"
    )


def _listens(file: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(file))
        except OSError:
            return False
    return True
