"""What senders of notices are told: that theirs came in, and what became of it. In English and in Dutch.

Nothing that the sender wrote comes back: anybody may put anybody's address into a mail, so an answer must be
of no use for spam. Addresses are told by their place in the notice. No list, no hash, nobody's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from upload_guard.notices.states import AddressState

_MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class _Words:
    receipt: str
    received: str
    number: str
    deadline: str
    answer: str
    done: str
    nothing: str
    more: str
    disagree: str
    automatic: str
    became: Mapping[AddressState, str]


_ENGLISH = _Words(
    receipt="Your notice {number} was received",
    received="Your notice was received. It names {count} address(es).",
    number="Its number is {number}. Please keep it.",
    deadline="We mean to deal with it before {deadline:%Y-%m-%d %H:%M} UTC. You are told what was done.",
    answer="What was done about your notice {number}",
    done="Your notice {number} of {received:%Y-%m-%d} was dealt with. By its addresses, in their order:",
    nothing="Your notice {number} of {received:%Y-%m-%d} was read by a person. It names no file here.",
    more="And so many more: {count}",
    disagree="If you do not agree, write to {contact} and name the number.",
    automatic="This message was sent automatically; files are checked by automated means and by people.",
    became={
        AddressState.REMOVED: "the file was taken away",
        AddressState.KEPT: "a person looked at it, and the file stays",
        AddressState.GONE: "nothing was there any more",
        AddressState.NOT_OURS: "it is not of a site of ours",
    },
)
_DUTCH = _Words(
    receipt="Uw melding {number} is ontvangen",
    received="Uw melding is ontvangen. Er staan {count} adres(sen) in.",
    number="Het nummer is {number}. Bewaar het.",
    deadline="Wij willen haar vóór {deadline:%Y-%m-%d %H:%M} UTC afhandelen. U hoort wat er is gedaan.",
    answer="Wat er met uw melding {number} is gedaan",
    done="Uw melding {number} van {received:%Y-%m-%d} is afgehandeld. In de volgorde van de adressen erin:",
    nothing="Uw melding {number} van {received:%Y-%m-%d} is door een mens gelezen; geen bestand hier.",
    more="En zoveel andere: {count}",
    disagree="Bent u het er niet mee eens, schrijf dan naar {contact} en noem het nummer.",
    automatic="Dit bericht is automatisch verstuurd; bestanden worden door machines en door mensen bekeken.",
    became={
        AddressState.REMOVED: "het bestand is weggehaald",
        AddressState.KEPT: "een mens heeft ernaar gekeken, en het bestand blijft",
        AddressState.GONE: "er was niets meer",
        AddressState.NOT_OURS: "het is niet van een site van ons",
    },
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A subject and a plain text."""

    subject: str
    text: str


def receipt(language: str, number: str, addresses: int, deadline: datetime) -> Answer:
    """That it came in. `language` is "en" or "nl"; any other gets English."""
    words = _words(language)
    lines = (
        words.received.format(count=addresses),
        words.number.format(number=number),
        words.deadline.format(deadline=deadline),
        "",
        words.automatic,
    )
    return Answer(words.receipt.format(number=number), "\n".join(lines) + "\n")


def outcome(
    language: str, number: str, received: datetime, became: Sequence[AddressState], contact: str
) -> Answer:
    """What became of each address that the notice names, in its order; all are settled."""
    words = _words(language)
    head = words.done if became else words.nothing
    lines = [head.format(number=number, received=received)]
    lines += [f"{place}. {words.became[state]}" for place, state in enumerate(became[:_MOST_NAMED], start=1)]
    rest = became[_MOST_NAMED:]
    if rest:
        lines.append(words.more.format(count=len(rest)))
        lines += [f"- {said}: {rest.count(state)}" for state, said in words.became.items() if state in rest]
    lines += ["", *([words.disagree.format(contact=contact)] if contact else []), words.automatic]
    return Answer(words.answer.format(number=number), "\n".join(lines) + "\n")


def _words(language: str) -> _Words:
    return _DUTCH if language.lower().partition("-")[0] == "nl" else _ENGLISH
