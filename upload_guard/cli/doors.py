"""upload-guard doors: ClamAV's protocol and ICAP in the foreground."""

from __future__ import annotations

import logging
import signal
import socket

import click

from upload_guard.cli.context import App
from upload_guard.compose import open_lists
from upload_guard.settings import Settings


@click.command()
@click.pass_obj
def doors(app: App) -> None:
    """Serve what [clamd] and [icap] name, in the foreground, until SIGTERM or Ctrl-C.

    For programs that speak to ClamAV's daemon, and proxies that speak ICAP; see docs/other-doors.md.
    """
    settings = app.settings
    logging.getLogger("upload_guard").setLevel(settings.log.level.upper())
    # For this command only.
    from upload_guard.doors.build import build_server

    server = build_server(settings)
    _warn_without_lists(settings)
    asked_to_stop, ask = socket.socketpair()
    ask.setblocking(False)
    # Written to when the signal comes, whichever thread gets it: a handler in Python waits until the main
    # thread runs again, which sleeps below.
    signal.set_wakeup_fd(ask.fileno())
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: None)
    server.start()
    for name in server.names:
        click.echo(f"Listening: {name}")
    asked_to_stop.recv(1)
    server.stop(settings.sandbox.request_seconds)


def _warn_without_lists(settings: Settings) -> None:
    if settings.service.url:
        return
    if not any(version.active for version in open_lists(settings).versions()):
        click.echo("WARNING: no list is active: every upload is unchecked, and OK all the same.", err=True)
