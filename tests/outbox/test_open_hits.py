"""A customer that listens is asked about its own open hits, and nobody else is."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from tests.customers.test_hits import MD5, OTHER, answered
from tests.misbehaving import scripted
from tests.outbox.receiver import Clock, Inbox
from upload_guard.customers.asking import Asking
from upload_guard.customers.hits import HitKeys, Hits
from upload_guard.keyring import Keyring
from upload_guard.outbox.messages import Outbox
from upload_guard.outbox.open_hits import OpenHitRoute
from upload_guard.outbox.routing import Router
from upload_guard.outbox.sending import Sender
from upload_guard.outbox.webhooks import Webhook, WebhookTransport
from upload_guard.storage.outbox_tables import OutboxMessage


def test_an_open_hit_is_asked_about_by_webhook_once(outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
    hits = Hits(outbox.database, HitKeys(Keyring(b"m" * 32)), clock)
    (hit,) = hits.note("blog", [answered(MD5)])
    hits.note("silent", [answered(OTHER)])
    asked_at = clock.at
    clock.pass_by(timedelta(hours=20))
    asking = Asking(hits, timedelta(hours=20), timedelta(hours=24), timedelta(days=400), clock)
    router = Router(outbox.database, [OpenHitRoute(frozenset({"blog"}))], clock)
    for _ in range(2):
        asking.look()
        router.run()
    with scripted(inbox.take) as customer:
        hooks = {"blog": Webhook(f"{customer.url}/event")}
        Sender(outbox, WebhookTransport(hooks, lambda _site: inbox.key)).run()
    (event,) = inbox.events.values()
    assert event == {
        "id": inbox.deliveries[0],
        "event": "hit.open",
        "site": "blog",
        "hit": hit,
        "category": "baseline",
        "asked_at": asked_at.isoformat(),
        "due_at": (asked_at + timedelta(hours=24)).isoformat(),
    }
    with outbox.database.session() as session:
        assert [row.recipient for row in session.scalars(select(OutboxMessage))] == ["blog"]
