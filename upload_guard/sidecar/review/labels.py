"""What results, actions, reasons and acts are called on the pages."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString, lazy_gettext

from upload_guard.lists.gate.gate import ALIKE, IDENTICAL
from upload_guard.lists.gate.junk import Junk
from upload_guard.lists.sync.rows import Stage
from upload_guard.lists.versions import Way
from upload_guard.quarantine.showing.outcomes import LateAction
from upload_guard.records import Action, Result

RESULTS: Mapping[Result, LazyString] = {
    Result.CLEAN: lazy_gettext("clean"),
    Result.MATCH: lazy_gettext("match"),
    Result.NEAR: lazy_gettext("near a listed image"),
    Result.DISPUTED: lazy_gettext("excused"),
    Result.UNSCANNABLE: lazy_gettext("could not be read"),
    Result.UNCHECKED: lazy_gettext("could not be checked"),
}
ACTIONS: Mapping[Action, LazyString] = {
    Action.ALLOW: lazy_gettext("passed"),
    Action.MONITOR: lazy_gettext("passed and noted"),
    Action.QUARANTINE: lazy_gettext("held"),
    Action.BLOCK: lazy_gettext("blocked"),
}
LATE: Mapping[LateAction, LazyString] = {
    LateAction.REMOVED: lazy_gettext("removed"),
    LateAction.HIDDEN: lazy_gettext("hidden from visitors"),
    LateAction.GONE: lazy_gettext("was gone already"),
    LateAction.KEPT: lazy_gettext("left in place"),
    LateAction.FAILED: lazy_gettext("removing it failed"),
}
STAGES: Mapping[Stage, LazyString] = {
    Stage.FETCHING: lazy_gettext("pages are missing yet"),
    Stage.FETCHED: lazy_gettext("fetched, and no version yet"),
    Stage.SETTLED: lazy_gettext("as its exchange has it"),
}
PUT_ASIDE: Mapping[str, LazyString] = {
    Junk.EMPTY_FILE.value: lazy_gettext("digest of the empty file"),
    Junk.UNIFORM.value: lazy_gettext("all bits alike"),
    Junk.PATTERN.value: lazy_gettext("a repeated pattern, no digest"),
    Junk.LOW_ENTROPY.value: lazy_gettext("low entropy: plain pictures share it"),
    IDENTICAL: lazy_gettext("names a known-good image"),
    ALIKE: lazy_gettext("looks like a known-good image"),
}
WAYS: Mapping[Way, LazyString] = {
    Way.MANUAL: lazy_gettext("by a person"),
    Way.AUTOMATIC: lazy_gettext("followed by itself"),
    Way.ROLLBACK: lazy_gettext("rollback"),
}
