"""A WordPress site that is installed, guarded and served, and what is to be seen of it from outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests

from tests.live.wordpress.databases import Database, MariaDb, Sqlite, mariadb
from tests.live.wordpress.php import Php, quiet
from tests.live.wordpress.releases import latest, oldest, studio, wp_cli
from tests.serving import NOTHING, held_port
from upload_guard.signing import Credentials

BRIDGE = Path(__file__).parents[3] / "wordpress_bridge"
PASSWORD = "a-long-enough-one"  # noqa: S105 - of a site that lives for a test
CONFIG = """<?php
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'root' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', '%(database)s' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'WP_ENVIRONMENT_TYPE', 'local' );
define( 'DISABLE_WP_CRON', true );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1' );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', '%(log)s' );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
%(more)s
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
"""


@dataclass(frozen=True, slots=True)
class WordPress:
    """An installed site in `folder`, answering on `url`."""

    folder: Path
    url: str
    php: Php
    database: Database
    login: tuple[str, str] = ("admin", "")
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        (found,) = re.findall(r"wp_version = '(.*)'", (self.folder / "wp-includes/version.php").read_text())
        return str(found)

    @property
    def uploads(self) -> Path:
        return self.folder / "wp-content" / "uploads"

    @property
    def debug_log(self) -> Path:
        return self.folder.parent / "debug.log"

    def wp(self, *arguments: str | Path, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """A command of wp-cli."""
        return self.php.run(
            wp_cli(),
            f"--path={self.folder}",
            "--allow-root",
            *arguments,
            environment={"WP_CLI_DISABLE_AUTO_CHECK_UPDATE": "1", "HOME": str(self.folder.parent)},
            code=code,
        )

    def eval(self, code: str) -> object:
        """What PHP code, run in WordPress as the administrator, returns."""
        wrapped = f"echo '>>>' . json_encode( ( function () {{ {code} }} )() ) . '<<<';"
        said = self.wp("eval", wrapped, "--user=admin").stdout
        return json.loads(said.partition(">>>")[2].partition("<<<")[0])

    def with_constants(self, **more: str) -> WordPress:
        """The same with other constants; `write_config` makes them true."""
        return replace(self, constants={**self.constants, **more})

    def add_plugin(self, *options: str) -> None:
        shutil.copytree(BRIDGE, self.folder / "wp-content" / "plugins" / "upload-guard")
        self.wp("plugin", "activate", "upload-guard", *options)

    def landed(self) -> set[Path]:
        """Every file in the uploads folder."""
        return {file for file in self.uploads.rglob("*") if file.is_file()}

    def attachments(self) -> dict[int, str]:
        """The status of each attachment, as the database has it."""
        rows = self.database.rows("SELECT ID, post_status FROM wp_posts WHERE post_type = 'attachment'")
        return {int(number): status for number, status in rows}

    def state(self) -> tuple[set[Path], dict[int, str]]:
        return self.landed(), self.attachments()

    def rest(self, method: str, route: str, **options: object) -> requests.Response:
        # As WordPress's own editor asks.
        headers = {"Accept": "application/json, */*;q=0.1"} | dict(options.pop("headers", {}))  # type: ignore[call-overload]
        address = f"{self.url}/?rest_route={route}"
        with quiet(requests.Session()) as session:
            return session.request(
                method,
                address,
                auth=self.login,
                timeout=60,
                headers=headers,
                **options,  # type: ignore[arg-type]
            )

    @contextmanager
    def browser(self) -> Iterator[requests.Session]:
        """A session that is logged in by the form, as a person's browser is."""
        with quiet(requests.Session()) as session:
            session.get(f"{self.url}/wp-login.php", timeout=60)
            form = {"log": "admin", "pwd": PASSWORD, "wp-submit": "Log In", "testcookie": "1"}
            answer = session.post(f"{self.url}/wp-login.php", data=form, timeout=60)
            assert "wp-admin" in answer.url, answer.text[:2000]
            yield session


def guarded(url: str, key: Credentials, **more: str) -> dict[str, str]:
    """The constants that name a sidecar."""
    return {"URL": url, "KEY_ID": key.key_id, "SECRET": key.secret} | more


@contextmanager
def wordpress(
    folder: Path, php: Php, constants: Mapping[str, str] = NOTHING, *, plugin: bool = True
) -> Iterator[WordPress]:
    """WordPress 7.1.1 over SQLite, installed with the plugin, under PHP's own web server."""
    root = folder / "wordpress"
    shutil.copytree(latest(), root, copy_function=_link)
    content = root / "wp-content"
    drop_in = content / "plugins" / "sqlite-database-integration"
    shutil.copytree(studio() / "sqlite-database-integration", drop_in)
    text = (drop_in / "db.copy").read_text()
    text = text.replace("{SQLITE_IMPLEMENTATION_FOLDER_PATH}", str(drop_in))
    (content / "db.php").write_text(text.replace("{SQLITE_PLUGIN}", "sqlite-database-integration/load.php"))
    with _installed(
        folder, php, Sqlite(content / "database" / ".ht.sqlite"), constants, plugin=plugin
    ) as site:
        yield site


@contextmanager
def old_wordpress(
    folder: Path, php: Php, constants: Mapping[str, str] = NOTHING, *, plugin: bool = True
) -> Iterator[WordPress]:
    """WordPress 6.1.9 over MariaDB, the same way."""
    root = folder / "wordpress"
    # Links lead to other packages of Debian's, for sounds and for cropping; nothing here needs them.
    shutil.copytree(oldest(), root, copy_function=_link, symlinks=True)
    (root / "wp-config.php").unlink()
    (root / ".htaccess").unlink()
    with (
        mariadb(folder / "mariadb") as database,
        _installed(folder, php, database, constants, plugin=plugin) as site,
    ):
        yield site


@contextmanager
def _installed(
    folder: Path, php: Php, database: Database, constants: Mapping[str, str], *, plugin: bool
) -> Iterator[WordPress]:
    root = folder / "wordpress"
    (root / "license.txt").touch()
    with held_port() as port:
        site = WordPress(root, f"http://localhost:{port}", php, database, constants=constants)
        write_config(site)
        install(site, plugin=plugin)
        with php.serving(root, folder / "php.log", port):
            yield replace(site, login=("admin", application_password(site)))


def _link(source: str, target: str) -> str:
    # WordPress is 80 MB, and no test writes into its files.
    os.link(source, target, follow_symlinks=False)
    return target


def write_config(site: WordPress, more: str = "") -> None:
    defined = [f"define( 'UPLOAD_GUARD_{name}', '{value}' );" for name, value in site.constants.items()]
    host = f"localhost:{site.database.socket}" if isinstance(site.database, MariaDb) else ""
    values = {"database": host, "log": str(site.debug_log), "more": "\n".join([*defined, more])}
    (site.folder / "wp-config.php").write_text(CONFIG % values)


def install(site: WordPress, *, plugin: bool) -> None:
    account = (
        "--admin_user=admin",
        f"--admin_password={PASSWORD}",
        "--admin_email=a@example.org",
        "--skip-email",
    )
    site.wp("core", "install", f"--url={site.url}", "--title=Site", *account)
    if plugin:
        site.add_plugin()


def application_password(site: WordPress) -> str:
    return site.wp("user", "application-password", "create", "admin", "tests", "--porcelain").stdout.strip()
