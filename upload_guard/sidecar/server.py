"""Runs the sidecar under gunicorn, configured by our settings alone."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from upload_guard.settings import Settings
from upload_guard.sidecar.app import create_app


class SidecarServer(BaseApplication):  # type: ignore[misc]
    """A gunicorn master; each worker builds its own application, so nothing is shared over a fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in _gunicorn_options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(self._settings)


def _gunicorn_options(settings: Settings) -> dict[str, Any]:
    sidecar = settings.sidecar
    host = f"[{sidecar.host}]" if ":" in sidecar.host else sidecar.host
    return {
        "bind": f"{host}:{sidecar.port}",
        "workers": sidecar.workers,
        "worker_class": "gthread",
        "threads": sidecar.threads,
        "loglevel": settings.log.level,
        "proc_name": "upload-guard",
        # Its default is a socket in the home folder, a second way in that nobody asked for.
        "control_socket_disable": True,
        # A header that moves the path (SCRIPT_NAME) or claims TLS would stand beside what was signed.
        "forwarded_allow_ips": "",
    } | _tls_options(settings)


def _tls_options(settings: Settings) -> dict[str, Any]:
    sidecar = settings.sidecar
    if sidecar.tls != "own":
        return {}
    return {"certfile": str(sidecar.certificate), "keyfile": str(sidecar.certificate_key)}
