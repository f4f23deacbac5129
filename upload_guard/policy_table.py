"""The rows of the policy's table, in words and with the most that each may cause. `policy` goes by them."""

from __future__ import annotations

from enum import Enum

from upload_guard.records import Action


class Row(Enum):
    """The table, in the order in which a person would want to hear it.

    Each has the reason that a verdict carries (none where that is of the findings), what was found, what that
    may cause, in words, and the strongest action that it may cause whatever its category.
    """

    CANARY = (
        "canary",
        "the canary, a harmless picture that every installation knows to be tested with",
        "it is refused by its SHA-256, whatever lists and decisions say, until [canary] enabled = false",
        Action.BLOCK,
    )
    EXACT = (
        "exact",
        "an exact digest on a list",
        "an exact digest does what its list and category allow",
        Action.BLOCK,
    )
    CORROBORATED = (
        "corroborated",
        "PDQ within the limit in two lists of different origin, on the same view",
        "two origins that may each block do what their lists and categories allow",
        Action.BLOCK,
    )
    PERCEPTUAL = (
        "perceptual",
        "PDQ within the limit",
        "one likeness holds at most",
        Action.QUARANTINE,
    )
    PLUGGED = (
        "perceptual",
        "the signal type of a plug-in, within the limit",
        "a likeness by a plug-in holds at most, and bears none by PDQ out",
        Action.QUARANTINE,
    )
    REVIEW_BAND = (
        "near",
        "PDQ in the review band beyond the limit",
        "what is only near holds at most",
        Action.QUARANTINE,
    )
    COARSE = (
        "near",
        "pHash or dHash",
        "pHash and dHash never act alone, and are noted at most",
        Action.MONITOR,
    )
    YOUNG = (
        "",
        "an entry younger than the probation, or of an age that nobody tells",
        "an entry on probation holds at most",
        Action.QUARANTINE,
    )
    LOOKS_GOOD = (
        "",
        "an exact digest of a file that looks like a known-good image",
        "an exact digest of what looks known-good holds at most",
        Action.QUARANTINE,
    )
    LOWERED = (
        "",
        "an exact digest, or PDQ, of an entry that the flood breaker has lowered",
        "an entry that the flood breaker has lowered holds at most",
        Action.QUARANTINE,
    )
    KNOWN_GOOD = (
        "benign",
        "a match of a file that is known to be good",
        "a known-good file passes, noted, where no other match is left",
        Action.MONITOR,
    )
    KNOWN_LOOK = (
        "benign",
        "a likeness of a view that is known to be good",
        "a known-good view passes, noted, where no other match is left",
        Action.MONITOR,
    )
    FALSE_POSITIVE = (
        "false_positive",
        "a match of a file that a person found a false positive",
        "a false positive passes, noted, where no other match is left",
        Action.MONITOR,
    )
    DISPUTED_ENTRY = (
        "disputed_entry",
        "a match of an entry that two persons dispute",
        "a disputed entry lets it pass, noted, where no other match is left",
        Action.MONITOR,
    )
    IGNORED = (
        "",
        "a category that is set to ignore",
        "an ignored category counts as if it were not listed",
        Action.ALLOW,
    )
    UNSCANNABLE = (
        "",
        "an image that could not be read",
        "failure.unscannable says what happens then",
        Action.QUARANTINE,
    )
    UNREADABLE = (
        "",
        "a file of another kind that could not be read",
        "failure.unreadable says what happens then",
        Action.QUARANTINE,
    )
    UNANSWERED = (
        "",
        "a check service that gave no answer",
        "it is not called clean, and failure in [upstreams.NAME] says what happens then",
        Action.MONITOR,
    )
    UNCHECKED = (
        "",
        "nothing to check against",
        "what was not checked passes, and is never called clean",
        Action.ALLOW,
    )
    CLEAN = (
        "",
        "nothing of all that",
        "what nothing speaks against passes",
        Action.ALLOW,
    )

    def __init__(self, reason: str, found: str, causes: str, most: Action) -> None:
        self.reason = reason
        self.found = found
        self.causes = causes
        self.most = most
