"""From settings to listening doors. One process, so that all of them share lists, sandbox and allowances."""

from __future__ import annotations

from upload_guard.compose import build_intake, build_routes
from upload_guard.doors.clamd import Clamd
from upload_guard.doors.icap import Icap
from upload_guard.doors.listening import Listener, Server, tcp_socket, unix_socket
from upload_guard.doors.peers import Allowance
from upload_guard.doors.reqmod import Inspector
from upload_guard.errors import ConfigError
from upload_guard.routing import Routes
from upload_guard.settings import Settings


def build_server(settings: Settings) -> Server:
    """Bound to all addresses that the settings name. Raises `ConfigError`, `StorageFailed`."""
    if not (settings.clamd.socket or settings.clamd.host or settings.icap.host):
        raise ConfigError("no door is configured: set clamd.socket, clamd.host or icap.host")
    routes = build_routes(settings)
    return Server([*_clamd(settings, routes), *_icap(settings, routes)])


def _clamd(settings: Settings, routes: Routes) -> list[Listener]:
    own = settings.clamd
    door = Clamd(
        guard=routes.default.guard,
        site=settings.site,
        limits=build_intake(settings).limits,
        allowance=Allowance(own.checks_per_minute, own.burst),
        idle_seconds=own.idle_seconds,
    )
    bound = []
    if own.socket:
        bound.append((f"clamd on {own.socket}", unix_socket(own.socket, own.group)))
    if own.host:
        bound.append((f"clamd on {own.host} port {own.port}", tcp_socket(own.host, own.port)))
    return [
        Listener(name, sock, door, own.peers, own.max_connections, own.read_seconds) for name, sock in bound
    ]


def _icap(settings: Settings, routes: Routes) -> list[Listener]:
    own = settings.icap
    if not own.host:
        return []
    inspector = Inspector(
        routes, settings.site, Allowance(own.checks_per_minute, own.burst), settings.failure.retry_after
    )
    door = Icap(inspector, own.max_connections, own.idle_seconds, settings.intake.body_timeout)
    sock = tcp_socket(own.host, own.port)
    name = f"ICAP on {own.host} port {own.port}"
    return [Listener(name, sock, door, own.peers, own.max_connections, own.read_seconds)]
