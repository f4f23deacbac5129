"""A letter as a mail: nobody else's header in it, nobody's name in rows, and no machine that answers it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from upload_guard.errors import SealBroken, TransportError
from upload_guard.keyring import Keyring
from upload_guard.mailing.letters import Letter, mail_of, open_letter, recipient_name, sealed_letter

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEYRING = Keyring(b"k" * 32)
SENDER = "Ségolène at the desk <abuse@example.org>"
LETTER = Letter("ann@example.net", "We have it", "Dear Ann,\n\nthank you — it is noted.\n")


def test_it_says_from_whom_to_whom_and_what_and_that_a_machine_wrote_it() -> None:
    mail = mail_of(LETTER, SENDER, "1234@example.org", AT)
    assert (mail["To"], mail["Subject"]) == ("ann@example.net", "We have it")
    assert mail["From"].addresses[0].addr_spec == "abuse@example.org"
    assert mail["Message-ID"] == "<1234@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n") == LETTER.text


def test_an_answer_names_what_it_answers() -> None:
    mail = mail_of(Letter("ann@example.net", "Re", "x", "<abc@example.net>"), SENDER, "1@example.org", AT)
    assert (mail["In-Reply-To"], mail["References"]) == ("<abc@example.net>", "<abc@example.net>")
    assert mail["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize(
    "reference", ["abc", "<a>\r\nBcc: eve@example.net", "<a b@c>", "<" + "x" * 400 + ">"]
)
def test_what_is_no_message_id_is_not_written_as_one(reference: str) -> None:
    mail = mail_of(Letter("ann@example.net", "Re", "x", reference), SENDER, "1@example.org", AT)
    assert mail["In-Reply-To"] is None
    assert mail["Bcc"] is None


@pytest.mark.parametrize("subject", ["a\r\nBcc: eve@example.net", "a\nb", "a\x00b", "a\u2028b"])
def test_a_subject_stays_one_header(subject: str) -> None:
    mail = mail_of(Letter("ann@example.net", subject, "x"), SENDER, "1@example.org", AT)
    assert mail["Bcc"] is None
    assert len(mail["Subject"].splitlines()) == 1


@pytest.mark.parametrize(
    "address", ["", "ann", "ann@", "@example.net", "a@b, c@d", "a@b\r\nBcc: c@d", "<a@b>", "a b@c", "a@b@c"]
)
def test_what_is_no_address_is_written_to_by_nobody(address: str) -> None:
    with pytest.raises(TransportError) as caught:
        mail_of(Letter(address, "x", "x"), SENDER, "1@example.org", AT)
    assert caught.value.permanent


def test_a_row_names_nobody_and_opens_for_its_own_recipient_only() -> None:
    body = sealed_letter(KEYRING, LETTER)
    name = recipient_name(KEYRING, LETTER.to)
    shown = json.dumps(body) + name
    assert "ann" not in shown
    assert "noted" not in shown
    assert open_letter(KEYRING, body, name) == LETTER
    with pytest.raises(SealBroken):
        open_letter(KEYRING, body, recipient_name(KEYRING, "eve@example.net"))
    with pytest.raises(SealBroken):
        open_letter(KEYRING, {}, name)


def test_one_address_has_one_name_however_it_is_written() -> None:
    assert recipient_name(KEYRING, "Ann@Example.net") == recipient_name(KEYRING, "ann@example.net")
    assert recipient_name(KEYRING, "ann@example.net") != recipient_name(Keyring(b"l" * 32), "ann@example.net")
