"""Notices in English."""

from __future__ import annotations

from upload_guard.outbox.wording import DigestWords, Said, Words
from upload_guard.storage.events import EventKind

ENGLISH = Words(
    said={
        EventKind.CASE_OPENED: Said(
            "A new case is held",
            "{count} new cases are held",
            "Sites: {sites}\nCases: {cases}\nA person has to decide; the norm is 24 hours.",
        ),
        EventKind.APPEALED: Said(
            "An uploader appeals against a decision",
            "{count} uploaders appeal against decisions",
            "Sites: {sites}\nCases: {cases}\nAnother person than the one who decided should look at it: the "
            "queue shows it under 'appeals'.",
        ),
        EventKind.FOUND_LATE: Said(
            "An upload that had passed is on a list now",
            "{count} uploads that had passed are on a list now",
            "Sites: {sites}\nCases: {cases}\nThe file may be on the site, where visitors can see it. The "
            "case says where it went, if the site told.",
        ),
        EventKind.BREAKER_TRIPPED: Said(
            "The flood breaker lowered an entry",
            "The flood breaker lowered {count} entries",
            "Lists: {lists}\nIt suddenly matched many uploads, so it holds at most and blocks nothing until "
            "somebody confirms or lifts that: 'upload-guard list breaker show'.",
        ),
        EventKind.LIST_HELD: Said(
            "A version of a list did not pass the gate",
            "{count} versions of lists did not pass the gate",
            "Versions: {lists}\nWhat acted before stays in force. 'upload-guard list examine NAME NUMBER' "
            "says why; 'upload-guard list approve' lets one pass that is held.",
        ),
        EventKind.CASE_LATE: Said(
            "A case has waited for {hours} hours",
            "{count} cases have waited for {hours} hours",
            "Sites: {sites}\nCases: {cases}\nThe norm is a decision within 24 hours.",
        ),
        EventKind.NOTICE_LATE: Said(
            "A notice has waited for {hours} hours",
            "{count} notices have waited for {hours} hours",
            "Sites: {sites}\nNotices: {notices}\nSomebody told of files on a site, and not all of it is "
            "dealt with; the norm is 24 hours.",
        ),
        EventKind.OVERDUE: Said(
            "A deadline has passed",
            "{count} deadlines have passed",
            "Sites: {sites}\nCases: {cases}\nNotices: {notices}\nUndecided cases, notices that are not dealt "
            "with, and confirmed cases whose file still lies on the site. Visitors may see such a file now.",
        ),
        EventKind.BYTES_EXPIRING: Said(
            "The file of a case expires within {hours} hours",
            "The files of {count} cases expire within {hours} hours",
            "Cases: {cases}\nAfter that only the case and its hashes are left. A legal hold keeps a file: "
            "'upload-guard quarantine hold'.",
        ),
        EventKind.PRESERVATION_ENDING: Said(
            "The preservation of a case ends within {hours} hours",
            "The preservation of {count} cases ends within {hours} hours",
            "Cases: {cases}\nAfter that their files expire as retention says.",
        ),
        EventKind.AUDIT_BROKEN: Said(
            "The audit log is not what was written",
            "The audit log is not what was written",
            "Nothing is decided and nothing expires until somebody has looked at it: "
            "'upload-guard audit verify'.",
        ),
        EventKind.NO_LIST: Said(
            "No list is active",
            "No list is active",
            "Every upload passes unchecked. 'upload-guard doctor' says what to do.",
        ),
        EventKind.REPORT_FAILED: Said(
            "A report needs a person",
            "{count} reports need a person",
            "Cases: {cases}\nThey could not be written or sent, or have gone out of a case that is confirmed "
            "no more: 'upload-guard reports list' says which.",
        ),
        EventKind.MAILBOX_SILENT: Said(
            "A mailbox cannot be read",
            "{count} mailboxes cannot be read",
            "Mailboxes: {recipients}\nNotices may lie there unread, or some of them. "
            "'upload-guard incoming fetch' says why.",
        ),
        EventKind.UNDELIVERED: Said(
            "A message was given up",
            "{count} messages were given up",
            "To: {recipients}\n'upload-guard outbox list' says why, 'upload-guard outbox retry' sends again.",
        ),
    },
    digest=DigestWords(
        title="the day in figures, {undecided} undecided",
        since="Since {since} UTC",
        opened="New cases",
        by_state="All cases",
        undecided="Undecided",
        oldest="Oldest undecided",
        late="Undecided for more than 24 hours",
        decided="Decisions",
        lists="Lists",
        imported="{name}: version {number} came in",
        acts="{name}: version {number} acts ({way})",
        lowered="Entries lowered by the flood breaker, undecided",
        given_up="Messages given up",
        customers=(
            "Hits of customers of this check service: {hits} new, {followed} followed up, {open} open, "
            "{late} of them past the deadline"
        ),
        none="none",
        states={
            "open": "open",
            "release_proposed": "release proposed",
            "released": "released",
            "confirmed": "confirmed",
            "escalated": "escalated",
            "expired": "expired",
        },
        decisions={
            "false_positive": "false positive",
            "released": "released",
            "confirmed": "confirmed",
            "escalated": "escalated",
            "reopened": "reopened",
            "confirm_proposed": "proposed to confirm",
        },
        ways={"manual": "by hand", "automatic": "by itself", "rollback": "rolled back"},
    ),
    more="and {count} more",
    review="Review: {url}",
    test_title="a test",
    test_text="This is a test of upload_guard's notices. Nothing has happened.",
)
