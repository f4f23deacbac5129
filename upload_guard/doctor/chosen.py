"""What settings alone say that a person should know they have chosen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from upload_guard.doctor.caution import Caution
from upload_guard.failure_settings import FailureSettings, RouteFailureSettings
from upload_guard.settings import RouteSettings, Settings

_FAULTS = {
    "unreachable": "while the sidecar does not answer",
    "timeout": "while the sidecar does not answer in time",
    "error": "when a check fails by a fault of our own",
}


def cautions_of_settings(settings: Settings) -> Iterator[Caution]:
    """Each thing once, the gravest first."""
    return chain(
        _keys(settings),
        _open("failure", settings.failure),
        *(_route(route) for route in settings.routes),
        _lists(settings),
        _upstreams(settings),
        _strangers(settings),
        _canary(settings),
    )


def _keys(settings: Settings) -> Iterator[Caution]:
    service, sidecar = settings.service, settings.sidecar
    if service.url and service.credentials is None:
        yield Caution(
            "no_service_key",
            "service.url is set without a key, on loopback too no sidecar answers without one",
            "make one there by 'upload-guard key new SITE', and give it as service.key_id and service.secret",
        )
    if sidecar.bearer == "loopback":
        yield Caution(
            "bearer_on_loopback",
            'sidecar.bearer = "loopback": whoever takes the port while the sidecar is down reads the secrets',
            'leave it so only where nobody else has an account; signatures need no bearer: set "never"',
        )


def _open(table: str, failure: FailureSettings | RouteFailureSettings) -> Iterator[Caution]:
    for name, when in _FAULTS.items():
        if getattr(failure, name) == "open":
            yield Caution(
                "open_policy",
                f'{table}.{name} = "open": uploads pass unchecked {when}',
                'set it to "closed" unless a missed upload is better than a late one (503 and Retry-After)',
            )
    if failure.unscannable == "monitor":
        yield Caution(
            "unscannable_passes",
            f'{table}.unscannable = "monitor": an image that cannot be read whole passes unseen',
            'set it to "quarantine": a listed image is made unreadable easily',
        )


def _route(route: RouteSettings) -> Iterator[Caution]:
    named = f"route {route.path!r}"
    if not route.inspect:
        yield Caution(
            "not_inspected", f"{named}: nothing is looked at", "remove inspect = false unless that is meant"
        )
    if route.pieces == "pass":
        yield Caution(
            "pieces_pass", f"{named}: uploads in pieces pass unseen", 'set pieces to "assemble" or "refuse"'
        )
    yield from _open(f"{named}: failure", route.failure)


def _lists(settings: Settings) -> Iterator[Caution]:
    for name, own in settings.lists.items():
        exchange = own.exchange
        if exchange is not None and exchange.url.startswith("http:") and not own.public_key:
            yield Caution(
                "unsigned_exchange",
                f"list {name} comes by http without a public_key: only this machine vouches for it",
                f"write its supplier's Ed25519 key into [lists.{name}] public_key, or fetch it by https",
            )


def _upstreams(settings: Settings) -> Iterator[Caution]:
    if settings.upstreams and settings.service.url:
        yield Caution(
            "upstreams_elsewhere",
            "[upstreams] is not used here: service.url is set, and the sidecar asks by its own settings",
            "write [upstreams] into the settings of the sidecar",
        )
    for name, own in settings.upstreams.items():
        if own.failure == "open":
            yield Caution(
                "open_policy",
                f'upstreams.{name}.failure = "open": uploads pass unchecked while it does not answer',
                'set it to "closed" unless a missed upload is better than a late one (503 and Retry-After)',
            )
        if own.test_path:
            yield Caution(
                "test_path",
                f"upstreams.{name}.test_path = true: it knows test hashes only, and nothing that matters",
                "take the line out once the test is over",
            )
        if "file" in own.sent:
            yield Caution(
                "files_leave",
                f"upstreams.{name}.send has file: each upload is sent to {own.url}",
                "say so to those who upload, or let it be sent hashes only, if it takes any",
            )


def _strangers(settings: Settings) -> Iterator[Caution]:
    own = settings.statements
    serves = (own.enabled and own.appeals) or settings.incoming.form
    if serves and settings.sidecar.tls == "proxy" and not settings.review.proxies:
        yield Caution(
            "strangers_as_one",
            "review.proxies = 0 behind a proxy: strangers on the public pages cannot be told apart, so that "
            "one can use up what all may send in an hour",
            "set it to how many proxies in front each add to X-Forwarded-For",
        )


def _canary(settings: Settings) -> Iterator[Caution]:
    if not settings.canary.enabled:
        yield Caution(
            "canary_off",
            "canary.enabled = false: 'upload-guard doctor' cannot prove that a listed picture is stopped",
            "set it to true while you test",
        )
