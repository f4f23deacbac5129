"""What became of the bytes of an upload."""

from __future__ import annotations

from enum import StrEnum


class Kept(StrEnum):
    """`coming` is an intent: its bytes may be there or not.

    `plain` is what a release without seals kept, until it is sealed; `shredding` has lost its key; `let_go`
    is that of a case whose time is up, where other cases of the same file still hold the bytes.
    """

    COMING = "coming"
    SEALED = "sealed"
    PLAIN = "plain"
    NONE = "none"
    LET_GO = "let_go"
    SHREDDING = "shredding"
    SHREDDED = "shredded"

    @property
    def words(self) -> str:
        return _WORDS[self]

    @property
    def there(self) -> bool:
        """Whether the bytes can be read."""
        return self in {Kept.SEALED, Kept.PLAIN}


NOT_HELD = frozenset({Kept.NONE, Kept.LET_GO, Kept.SHREDDING, Kept.SHREDDED})
"""Nobody will read such bytes again, in any vault."""
_WORDS = {
    Kept.COMING: "not stored yet",
    Kept.SEALED: "sealed",
    Kept.PLAIN: "not sealed yet",
    Kept.NONE: "not kept: quarantine.retention forbids it, or the file was never here",
    Kept.LET_GO: "let go of when their time was up",
    Kept.SHREDDING: "shredded",
    Kept.SHREDDED: "shredded",
}
