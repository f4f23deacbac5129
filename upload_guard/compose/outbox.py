"""What tells sites, administrators and suppliers: who they are, by settings, and the jobs that see to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from upload_guard.compose.rules import build_retention
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.guard import Observer
    from upload_guard.housekeeping import Job
    from upload_guard.lists.feedback import TakesFeedback
    from upload_guard.notices.answering import Answer
    from upload_guard.outbox.letters import LetterTransport
    from upload_guard.outbox.messages import Draft, MessageKind, Outbox
    from upload_guard.outbox.notice_answers import NoticeAnswers
    from upload_guard.outbox.notices import NoticeRoute, NoticeTransport, Target
    from upload_guard.outbox.outcomes import TakesOutcomes
    from upload_guard.outbox.routing import Router
    from upload_guard.outbox.sending import Sender, Transport
    from upload_guard.outbox.statements import LettersTakenBack
    from upload_guard.outbox.watch import Watch
    from upload_guard.outbox.webhooks import WebhookTransport
    from upload_guard.storage.database import Database


def outbox_jobs(settings: Settings, database: Database) -> tuple[Job, ...]:
    """Route what happened, look at the clock, and send by each way that is configured."""
    from upload_guard.compose.statements import statement_letters
    from upload_guard.customers.opening import asking_in
    from upload_guard.housekeeping import Job
    from upload_guard.outbox.sending import Sender

    desk = Desk(settings, database)
    jobs = (
        Job("outbox", desk.router().run, every=2.0, mark=database.mark),
        Job("outbox-tidying", desk.tidy, every=3600.0),
        Job("customers-asked", asking_in(settings, database).look, every=300.0),
        *(_sending(Sender(desk.outbox, way), database) for way in desk.transports()),
    )
    if statement_letters(settings, database):
        jobs += (Job("outbox-taken-back", desk.taken_back().run, every=2.0, mark=database.mark),)
    if settings.notices.targets:
        jobs += (Job("outbox-watch", desk.watch().look, every=300.0),)
    return jobs


def _sending(sender: Sender, database: Database) -> Job:
    from upload_guard.housekeeping import Job
    from upload_guard.outbox.messages import FIRST_PAUSE

    name, rests = f"outbox-{sender.transport.kind}s", FIRST_PAUSE.total_seconds()
    return Job(name, sender.run, every=2.0, mark=database.mark, rests=rests)


def outbox_observers(settings: Settings, database: Database) -> tuple[Observer, ...]:
    """What has to see every upload to tell of it, where anybody wants to hear that."""
    from upload_guard.outbox.excepted import ExceptedAgain

    hears = any(own.outcomes for own in settings.upstreams.values())
    return (ExceptedAgain(database),) if hears else ()


def open_outbox(settings: Settings) -> Outbox:
    """The messages of this machine. Raises `StorageFailed`."""
    from upload_guard.compose.stores import open_database_of

    return Desk(settings, open_database_of(settings)).outbox


def notice_transport(settings: Settings) -> NoticeTransport:
    """What sends to the targets of settings. Raises `MasterKeyError`."""
    from upload_guard.outbox.notices import NoticeTransport

    return NoticeTransport(notice_targets(settings))


def notice_targets(settings: Settings) -> Mapping[str, Target]:
    """By the names that they have here. Raises `MasterKeyError`."""
    from upload_guard.keyring import open_keyring
    from upload_guard.outbox.notices import target_of

    if not settings.notices.targets:
        return {}
    key = open_keyring(settings).subkey("notice targets")
    found = [target_of(secret.get_secret_value(), key) for secret in settings.notices.targets]
    return {target.name: target for target in found}


def feedback_takers(settings: Settings) -> Mapping[str, TakesFeedback]:
    """Who hears of the entries of each list, where anybody does."""
    from upload_guard.lists.sync.run import staging_of
    from upload_guard.upstreams.choose import taker_of

    takers = {
        name: taker_of(own.exchange, settings.site, staging_of(settings.lists_dir, name))
        for name, own in settings.lists.items()
        if own.exchange
    }
    return {name: taker for name, taker in takers.items() if taker is not None}


def outcome_takers(settings: Settings) -> Mapping[str, TakesOutcomes]:
    """The check services that hear what became of their hits, by name."""
    from upload_guard.compose.upstreams import outcome_taker

    return {name: outcome_taker(own) for name, own in settings.upstreams.items() if own.outcomes}


def letter_transport(settings: Settings) -> LetterTransport:
    """What sends letters by the mail server of settings. Raises `MasterKeyError`."""
    from upload_guard.compose.mail import own_addresses
    from upload_guard.keyring import open_keyring
    from upload_guard.mailing.mailer import mailer_of
    from upload_guard.outbox.letters import LetterTransport

    own = settings.mail
    return LetterTransport(
        mailer_of(own),
        open_keyring(settings),
        own.sender,
        own.address,
        own_addresses(settings),
        own.timeout,
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """Parts of one outbox, made of settings."""

    settings: Settings
    database: Database

    @property
    def outbox(self) -> Outbox:
        from upload_guard.outbox.messages import Outbox

        return Outbox(self.database, timedelta(hours=self.settings.outbox.give_up_hours))

    def router(self) -> Router:
        from upload_guard.compose.statements import statement_letters
        from upload_guard.outbox.feedback import FeedbackRoute
        from upload_guard.outbox.found_late import FoundLateRoute
        from upload_guard.outbox.open_hits import OpenHitRoute
        from upload_guard.outbox.outcomes import OutcomeRoute
        from upload_guard.outbox.routing import Router
        from upload_guard.outbox.statements import StatementRoute
        from upload_guard.outbox.webhooks import WebhookRoute

        sites, lists = frozenset(self.settings.webhooks), frozenset(feedback_takers(self.settings))
        upstreams = frozenset(name for name, own in self.settings.upstreams.items() if own.outcomes)
        return Router(
            self.database,
            (
                WebhookRoute(sites),
                StatementRoute(sites, statement_letters(self.settings, self.database)),
                FoundLateRoute(sites),
                OpenHitRoute(sites),
                FeedbackRoute(lists),
                OutcomeRoute(upstreams),
                self._notices(),
                *self._answers(),
            ),
        )

    def taken_back(self) -> LettersTakenBack:
        from upload_guard.compose.statements import statements_in
        from upload_guard.outbox.statements import LettersTakenBack

        return LettersTakenBack(self.outbox, statements_in(self.settings, self.database))

    def transports(self) -> tuple[Transport, ...]:
        """Of the ways that lead to anybody."""
        from upload_guard.outbox.feedback import FeedbackTransport
        from upload_guard.outbox.outcomes import OutcomeTransport

        ways: list[Transport] = []
        if self.settings.webhooks:
            ways.append(self._webhooks())
        if self.settings.notices.targets:
            ways.append(notice_transport(self.settings))
        if takers := feedback_takers(self.settings):
            ways.append(FeedbackTransport(takers))
        if services := outcome_takers(self.settings):
            ways.append(OutcomeTransport(services))
        if self.settings.mail.enabled:
            ways.append(letter_transport(self.settings))
        return tuple(ways)

    def watch(self) -> Watch:
        from upload_guard.outbox.deadlines import Deadlines
        from upload_guard.outbox.watch import Watch

        own = self.settings.notices
        return Watch(
            database=self.database,
            retention=build_retention(self.settings),
            deadlines=Deadlines(
                late=timedelta(hours=own.late_hours),
                norm=timedelta(hours=self.settings.quarantine.decide_within_hours),
            ),
            ahead=timedelta(hours=own.expiry_hours),
            digest_hour=own.digest_hour,
            by_lists=not self.settings.upstreams,
        )

    def tidy(self) -> None:
        """Forget what is long settled, and what waits for those who are configured no more."""
        from upload_guard.outbox.routing import KEPT

        outbox = self.outbox
        with self.database.session() as session:
            for kind, names in self._recipients().items():
                outbox.drop_others(session, kind, names)
        outbox.purge(KEPT)
        self.router().purge()

    def _recipients(self) -> Mapping[MessageKind, frozenset[str]]:
        from upload_guard.outbox.messages import MessageKind

        # Whom a letter is for is in no settings; without a mail server it can go to nobody.
        letters = {} if self.settings.mail.enabled else {MessageKind.LETTER: frozenset[str]()}
        return letters | {
            MessageKind.WEBHOOK: frozenset(self.settings.webhooks),
            MessageKind.NOTICE: frozenset(notice_targets(self.settings)),
            MessageKind.FEEDBACK: frozenset(feedback_takers(self.settings)),
            MessageKind.OUTCOME: frozenset(outcome_takers(self.settings)),
        }

    def _answers(self) -> tuple[NoticeAnswers, ...]:
        """To those who told of a file; without mail their notices are not answered, and rows say so."""
        from upload_guard.keyring import open_keyring
        from upload_guard.mailing.letters import Letter
        from upload_guard.outbox.letters import letter_draft
        from upload_guard.outbox.notice_answers import NoticeAnswers

        if not self.settings.mail.enabled:
            return ()
        keyring = open_keyring(self.settings)

        def draw(to: str, answer: Answer, reference: str) -> Draft:
            return letter_draft(keyring, Letter(to, answer.subject, answer.text, reference))

        own = self.settings.incoming
        return (
            NoticeAnswers(
                keyring,
                draw,
                receipts=own.receipts,
                contact=own.contact or self.settings.mail.address,
                language=self.settings.notices.language,
            ),
        )

    def _notices(self) -> NoticeRoute:
        from upload_guard.outbox.dutch import DUTCH
        from upload_guard.outbox.english import ENGLISH
        from upload_guard.outbox.notices import KINDS_BY_NAME, NoticeRoute
        from upload_guard.storage.events import EventKind

        own, review = self.settings.notices, self.settings.review
        asked = own.events if own.targets else ()
        expiry = own.expiry_hours
        return NoticeRoute(
            targets=tuple(notice_targets(self.settings)),
            kinds=frozenset(kind for name in asked for kind in KINDS_BY_NAME[name]),
            words=DUTCH if own.language == "nl" else ENGLISH,
            pause=timedelta(minutes=own.group_minutes),
            hours={
                EventKind.CASE_LATE: own.late_hours,
                EventKind.NOTICE_LATE: own.late_hours,
                EventKind.BYTES_EXPIRING: expiry,
                EventKind.PRESERVATION_ENDING: expiry,
                EventKind.HIT_OPEN: self.settings.follow_up.hours,
            },
            review_url=f"{review.url}/review" if review.enabled and review.url else "",
        )

    def _webhooks(self) -> WebhookTransport:
        from upload_guard.keyring import open_keyring
        from upload_guard.machine_keys.keys import KeyStore
        from upload_guard.outbox.webhooks import Webhook, WebhookTransport

        keys = KeyStore(self.database, open_keyring(self.settings))
        hooks = {
            site: Webhook(own.url, own.ca_file, own.timeout) for site, own in self.settings.webhooks.items()
        }
        return WebhookTransport(hooks, keys.signer_of)
