"""upload-guard serve: the sidecar in the foreground."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import click

from upload_guard.cli.context import App
from upload_guard.compose import build_station, open_private_checks
from upload_guard.errors import ConfigError
from upload_guard.loading import load_settings
from upload_guard.logs import log_to_stderr
from upload_guard.machine_keys.opening import open_keys
from upload_guard.moments import utc_now
from upload_guard.settings import Settings

log = logging.getLogger(__name__)


@click.command()
@click.option("--host", help="Address to listen on instead of sidecar.host (off loopback: only with TLS).")
@click.option("--port", type=int, help="Port to listen on instead of sidecar.port.")
@click.pass_obj
def serve(app: App, host: str | None, port: int | None) -> None:
    """Run the sidecar in the foreground, after bringing its database up to date.

    SIGTERM ends it when the requests under way are answered, SIGHUP has it read its settings again.
    """
    given = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    # Flask and gunicorn are for this command only.
    from upload_guard.sidecar.server import SidecarServer

    server = SidecarServer(lambda: _found_to_work(app, given))
    click.echo(f"Sidecar on {_address(server.settings)} (health: /healthz)")
    server.run()


def _found_to_work(app: App, given: Mapping[str, object]) -> Settings:
    settings = load_settings(app.config, **({"sidecar": given} if given else {}))
    if settings.service.url:
        raise ConfigError("serve: service.url is set, but a sidecar checks by itself; remove it here")
    log_to_stderr(settings.log)
    _prepare(settings)
    return settings


def _prepare(settings: Settings) -> None:
    """Open keys and lists, migrate and recover before anything listens: a fault ends here in one line."""
    station = build_station(settings)
    keys = open_keys(settings)
    keys.probe()
    open_private_checks(settings)
    if not any(not key.fault(utc_now()) for key in keys.show()):
        log.warning("WARNING: no machine key, so nobody is answered: see 'upload-guard key new'")
    if not any(version.active for version in station.lists.versions()):
        log.warning("WARNING: no list is active, so every upload will be unchecked")


def _address(settings: Settings) -> str:
    scheme = "https" if settings.sidecar.tls == "own" else "http"
    return f"{scheme}://{settings.sidecar.host}:{settings.sidecar.port}"
