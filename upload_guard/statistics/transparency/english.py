"""The transparency report in English."""

from __future__ import annotations

from upload_guard.statistics.transparency.figures import Part
from upload_guard.statistics.transparency.words import PartWords, ReportWords

ENGLISH = ReportWords(
    title="Transparency report: known child sexual abuse material",
    period="Period: {first} to {last}, both counted, days in UTC.",
    site="Site: {site}.",
    all_sites="Sites: all that this installation protects.",
    figure="figure",
    number="number",
    method_title="Automated means, their purpose and safeguards (Art. 15(1)(c) and (e))",
    method=(
        "Images in uploads, and files that a notice or a scan brought up, are compared with lists of hashes "
        "of known abuse images that others keep. Nothing is classified. What matches is held and never "
        "deleted by the program; a person decides, a decision can be taken back, and known-good images are "
        "excused. What could not be read and what could not be checked are counted as such, never as clean."
    ),
    lacking_title="What the law asks and these figures do not have",
    lacking=(
        "Orders of authorities (Art. 15(1)(a)), unless they came in as notices.",
        "Complaints that came otherwise than by the appeal page, disputes out of court and suspensions "
        "(Art. 24(1)).",
        "Monthly active recipients (Art. 24(2)); the people who moderate and their training.",
        "Content of other kinds, and anything that was moderated without this program.",
    ),
    time="{hours} h {minutes:02} min",
    decimal=".",
    parts={
        Part.UPLOADS: PartWords(
            "Uploads that were checked (own initiative, automated; Art. 15(1)(c))",
            "Each upload counts once. What was held or blocked was refused and never was on a site.",
            {
                "checked": "uploads, with those that could not be read or checked",
                "result_clean": "clean",
                "result_match": "matched a list",
                "result_near": "near a listed image",
                "result_disputed": "matched a list and were excused",
                "result_unscannable": "could not be read",
                "result_unchecked": "could not be checked",
                "held": "held for a person",
                "blocked": "blocked",
            },
        ),
        Part.NOTICES: PartWords(
            "Notices that came in (Art. 15(1)(b), Art. 16)",
            "All tell of the same kind of illegal content. Addresses of a repeated notice count once.",
            {
                "received": "notices received",
                "by_channel": "by way of: {of}",
                "trusted": "from senders whom the site trusts, trusted flaggers among them",
                "repeated": "that said again what an open notice said",
                "dealt_with": "notices dealt with",
                "median_time": "median time until one was dealt with",
                "addresses": "addresses that they named",
                "address_removed": "removed",
                "address_kept": "left, since a person decided so",
                "address_gone": "gone already",
                "address_not_ours": "not on this site",
                "address_open": "not dealt with yet",
            },
        ),
        Part.CASES: PartWords(
            "Cases (Art. 15(1)(c))",
            "What was held, blocked or found, by how it was found and by what people decided last.",
            {
                "opened": "cases",
                "found_at_the_door": "found while it was uploaded",
                "found_by_late_check": "found by a check after it had passed unchecked",
                "found_by_later_list": "found since a list learned of it later",
                "found_by_scan": "found by a scan of what was there",
                "found_by_notice": "found by a notice",
                "decided_confirmed": "confirmed by a person",
                "decided_false_positive": "false positives",
                "decided_released": "released without that word",
                "decided_escalated": "escalated",
                "undecided": "undecided",
                "confirmed_of_category": "confirmed, of the list's category: {of}",
            },
        ),
        Part.REMOVALS: PartWords(
            "Time to removal",
            "Of what was known to be on a site: from when a notice came, a scan found it or a list learned "
            "of it, until it was gone. The share is of those removed or still there after 24 hours.",
            {
                "known": "known to be on a site",
                "removed": "removed",
                "within_24_hours": "removed within 24 hours",
                "share_within_24_hours": "share removed within 24 hours",
                "median_time": "median time to removal",
                "p95_time": "95th percentile of the time to removal",
                "still_there": "still there",
                "still_there_late": "still there for more than 24 hours",
                "may_stay": "may stay as a person decided, or not on the site",
            },
        ),
        Part.COMPLAINTS: PartWords(
            "Statements of reasons and complaints about decisions (Art. 17 and Art. 15(1)(d))",
            "Complaints are appeals on the appeal page, by when they were made; a person settles each.",
            {
                "statements": "statements of reasons that were ready for uploaders",
                "appeals": "complaints",
                "appeals_open": "not settled yet",
                "appeals_upheld": "in which the decision was upheld",
                "appeals_granted": "in which the decision was taken back",
                "median_time": "median time until one was settled",
            },
        ),
        Part.ACCURACY: PartWords(
            "Accuracy of the automated means (Art. 15(1)(e))",
            "Of the cases that came in the period and of which a person said whether the list was right.",
            {
                "decided": "cases so decided",
                "wrong": "of those, false positives",
                "share_wrong": "rate of error",
            },
        ),
        Part.REPORTS: PartWords(
            "Reports to authorities and hotlines (Art. 18)",
            "Of confirmed cases only, by when they were sent, acknowledged or withdrawn.",
            {
                "sent": "reports sent",
                "sent_to": "sent to: {of}",
                "acknowledged": "acknowledged by their recipient",
                "withdrawn": "withdrawn",
            },
        ),
    },
)
