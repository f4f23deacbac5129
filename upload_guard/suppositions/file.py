"""Suppositions about what is known here of the file itself: decisions and the benign bank."""

from __future__ import annotations

from dataclasses import replace

from upload_guard.records import BankScope, Benign, Match, SignalType
from upload_guard.suppositions.story import Ladders, Story, Supposition, Wanted, What


def decision(story: Story) -> Ladders:
    findings = story.inputs.findings
    if findings.excepted:
        given = story.with_each(_by_decision, benign=None)
        lifted = replace(given, findings=replace(given.findings, excepted=""))
        words = f"the decision on case {findings.excepted} were lifted, and the bank did not know the file"
        yield (Supposition(What.DECISION_LIFTED, words, lifted),)
        return
    now = story.inputs.now
    excused = story.with_each(lambda match: (match.since or now) <= now, benign=_FALSE_POSITIVE)
    decided = replace(excused, findings=replace(excused.findings, excepted=_FALSE_POSITIVE.name))
    yield (Supposition(What.FALSE_POSITIVE, "a person found this file a false positive", decided),)


_FALSE_POSITIVE = Benign(BankScope.DECISION, "supposed", identical=True)
_IN_BANK = Benign(BankScope.ADMINISTRATOR, "supposed", identical=True)


def _by_decision(match: Match) -> bool:
    return match.benign is not None and match.benign.scope is BankScope.DECISION


def bank(story: Story) -> Ladders:
    known = dict.fromkeys(
        match.benign for match in story.counted if match.benign is not None and not _by_decision(match)
    )
    for benign in known:
        without = story.with_each(_is_excused_by(benign), benign=None)
        words = f"the benign bank did not hold {benign.name}, nor another file like it"
        yield (Supposition(What.NOT_IN_BANK, words, without),)
    # As the bank is asked, see `checkers.known_good`: a likeness is of a file only where there is no other.
    paths = [signal.view for signal in story.inputs.findings.signals if signal.type is SignalType.SHA256]
    for path in paths if len(set(paths)) == len(paths) else ():
        held = story.with_each(_is_of_file(path, alone=len(paths) == 1), benign=_IN_BANK)
        file = f"the file {path} inside it" if path else "this very file"
        yield (Supposition(What.IN_BANK, f"the benign bank held {file}", held),)


def _is_excused_by(benign: Benign) -> Wanted:
    return lambda match: match.benign == benign


def _is_of_file(path: str, *, alone: bool) -> Wanted:
    return lambda match: match.view == path if match.exact else alone
