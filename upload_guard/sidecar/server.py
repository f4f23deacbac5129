"""Runs the sidecar under gunicorn, configured by our settings alone.

SIGTERM ends it when the requests under way are answered. SIGHUP has new processes take over, with the
settings as they then are, before the old ones end in the same way.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from upload_guard.errors import UploadGuardError
from upload_guard.logs import log_to_stderr
from upload_guard.settings import Settings
from upload_guard.sidecar.shared_counts import share_counts

log = logging.getLogger(__name__)


class SidecarServer(BaseApplication):  # type: ignore[misc]
    """A gunicorn master; each worker builds its own application, so nothing is shared over a fork.

    The code is: it is read once, here, so that a worker is there sooner and a reload never mixes releases.
    What is loaded stays until the end and is frozen (`gc.freeze`): no collection walks it again, neither
    while a request waits nor when the process ends, and workers share its pages.
    `read` gives the settings, found to work; called once now and at each reload. Raises `UploadGuardError`.
    """

    def __init__(self, read: Callable[[], Settings]) -> None:
        self._read = read
        self.settings = read()
        share_counts(self.settings.metrics_dir)
        gc.disable()
        # Only now: what counts looks for that folder when it is imported.
        import upload_guard.sidecar.app  # noqa: F401

        gc.freeze()
        gc.enable()
        super().__init__()

    def load_config(self) -> None:
        for name, value in _gunicorn_options(self.settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        from upload_guard.sidecar.app import create_app

        application = create_app(self.settings)
        gc.freeze()
        return application

    def reload(self) -> None:
        """Take the settings as they now are; those of before stay where these are wrong."""
        try:
            self.settings = _at_the_same_address(self._read(), self.settings)
        except UploadGuardError as fault:
            log.error("ALARM: not reloaded, the settings of before stay in force: %s", fault)  # noqa: TRY400
        except Exception:
            # Whatever it is, uploads are being checked and must go on to be.
            log.exception("ALARM: not reloaded, the settings of before stay in force")
        log_to_stderr(self.settings.log)
        super().reload()


def _at_the_same_address(new: Settings, old: Settings) -> Settings:
    """Listening elsewhere means to stop listening here, and may fail: that is for a restart."""
    here, there = old.sidecar, new.sidecar
    if (here.host, here.port) == (there.host, there.port):
        return new
    log.warning("ALARM: sidecar.host and sidecar.port change at a restart only")
    return new.model_copy(update={"sidecar": there.model_copy(update={"host": here.host, "port": here.port})})


class _OneLog(Logger):  # type: ignore[misc]
    """gunicorn's own lines go where all others go."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def _forget(_arbiter: Arbiter, worker: Worker) -> None:
    from upload_guard.sidecar.counters import forget_process

    forget_process(worker.pid)


def _gunicorn_options(settings: Settings) -> dict[str, Any]:
    sidecar = settings.sidecar
    host = f"[{sidecar.host}]" if ":" in sidecar.host else sidecar.host
    return {
        "bind": f"{host}:{sidecar.port}",
        "workers": sidecar.workers,
        "worker_class": "upload_guard.sidecar.worker.Worker",
        "threads": sidecar.threads,
        "timeout": sidecar.timeout,
        "graceful_timeout": sidecar.graceful_timeout,
        "keepalive": sidecar.keepalive,
        "max_requests": sidecar.max_requests,
        "max_requests_jitter": sidecar.max_requests_jitter,
        "backlog": sidecar.backlog,
        "loglevel": settings.log.level,
        "logger_class": _OneLog,
        "child_exit": _forget,
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
