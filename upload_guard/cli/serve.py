"""upload-guard serve: the sidecar in the foreground."""

from __future__ import annotations

import logging

import click

from upload_guard.cli.context import App
from upload_guard.compose import build_station
from upload_guard.errors import ConfigError
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import utc_now
from upload_guard.machine_keys.opening import open_keys
from upload_guard.settings import Settings


@click.command()
@click.option("--host", help="Address to listen on instead of sidecar.host (off loopback: only with TLS).")
@click.option("--port", type=int, help="Port to listen on instead of sidecar.port.")
@click.pass_obj
def serve(app: App, host: str | None, port: int | None) -> None:
    """Run the sidecar in the foreground, after bringing its database up to date."""
    given = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    settings = load_settings(app.config, **({"sidecar": given} if given else {}))
    if settings.service.url:
        raise ConfigError("serve: service.url is set, but a sidecar checks by itself; remove it here")
    # Ours only: at debug, Pillow would log tags of images.
    logging.getLogger("upload_guard").setLevel(settings.log.level.upper())
    _prepare(settings)
    # Flask and gunicorn are for this command only.
    from upload_guard.sidecar.server import SidecarServer

    scheme = "https" if settings.sidecar.tls == "own" else "http"
    click.echo(f"Sidecar on {scheme}://{settings.sidecar.host}:{settings.sidecar.port} (health: /healthz)")
    SidecarServer(settings).run()


def _prepare(settings: Settings) -> None:
    """Open keys and lists, migrate and recover before anything listens: a fault ends here in one line."""
    station = build_station(settings)
    keys = open_keys(settings)
    keys.probe()
    if not any(not key.fault(utc_now()) for key in keys.show()):
        click.echo("WARNING: no machine key, so nobody is answered: see 'upload-guard key new'.", err=True)
    if not any(version.active for version in station.lists.versions()):
        click.echo("WARNING: no list is active, so every upload will be unchecked.", err=True)
