"""Letters to people outside: whoever told of a file, or uploaded one. Rows name nobody: each is sealed."""

from __future__ import annotations

from dataclasses import dataclass

from upload_guard.errors import SealBroken, TransportError
from upload_guard.keyring import Keyring
from upload_guard.mailing.letters import Letter, mail_of, open_letter, recipient_name, sealed_letter
from upload_guard.mailing.mailer import TakesMail
from upload_guard.moments import utc_now
from upload_guard.outbox.messages import Draft, Message, MessageKind


def letter_draft(keyring: Keyring, letter: Letter, subject: str = "") -> Draft:
    """To be put into the outbox; a newer one of the same `subject` to the same recipient replaces it."""
    return Draft(
        MessageKind.LETTER, recipient_name(keyring, letter.to), sealed_letter(keyring, letter), subject
    )


@dataclass(frozen=True, slots=True)
class LetterTransport:
    """`sender` is how letters say whom they are from, `own` are our addresses, to which none is sent."""

    mailer: TakesMail
    keyring: Keyring
    sender: str
    address: str
    own: frozenset[str]
    seconds: float
    kind: MessageKind = MessageKind.LETTER

    def send(self, message: Message) -> None:
        """See `Transport`."""
        try:
            letter = open_letter(self.keyring, message.body, message.recipient)
        except SealBroken as error:
            raise TransportError(str(error), permanent=True) from error
        if letter.to.lower() in self.own:
            raise TransportError("it is addressed to ourselves, and would go round", permanent=True)
        # The same each time it is tried: who gets it twice can tell.
        message_id = f"{message.id}@{self.address.rpartition('@')[2]}"
        mail = mail_of(letter, self.sender, message_id, utc_now())
        self.mailer.send(mail, self.address, letter.to)
