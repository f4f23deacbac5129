"""The transparency report in Dutch."""

from __future__ import annotations

from upload_guard.statistics.transparency.figures import Part
from upload_guard.statistics.transparency.words import PartWords, ReportWords

DUTCH = ReportWords(
    title="Transparantieverslag: bekend materiaal van seksueel kindermisbruik",
    period="Periode: {first} tot en met {last}, dagen in UTC.",
    site="Site: {site}.",
    all_sites="Sites: alle die deze installatie beschermt.",
    figure="cijfer",
    number="aantal",
    method_title="Geautomatiseerde middelen, hun doel en waarborgen (art. 15, lid 1, onder c en e)",
    method=(
        "Afbeeldingen in uploads, en bestanden die een melding of een scan naar voren bracht, worden "
        "vergeleken met lijsten van hashes van bekende misbruikafbeeldingen die anderen bijhouden. Er wordt "
        "niets geclassificeerd. Wat overeenkomt wordt vastgehouden en nooit door het programma gewist; een "
        "mens beslist, een beslissing kan worden teruggenomen, en bekende onschuldige afbeeldingen worden "
        "uitgezonderd. Wat niet gelezen en wat niet gecontroleerd kon worden telt als zodanig, nooit als "
        "schoon."
    ),
    lacking_title="Wat de wet vraagt en deze cijfers niet hebben",
    lacking=(
        "Bevelen van autoriteiten (art. 15, lid 1, onder a), tenzij ze als melding binnenkwamen.",
        "Klachten die anders dan via de bezwaarpagina kwamen, buitengerechtelijke geschillen en schorsingen "
        "(art. 24, lid 1).",
        "Maandelijks actieve afnemers (art. 24, lid 2); de mensen die modereren en hun opleiding.",
        "Inhoud van andere aard, en alles wat zonder dit programma is gemodereerd.",
    ),
    time="{hours} u {minutes:02} min",
    decimal=",",
    parts={
        Part.UPLOADS: PartWords(
            "Gecontroleerde uploads (eigen initiatief, geautomatiseerd; art. 15, lid 1, onder c)",
            "Elke upload telt één keer. Wat werd vastgehouden of geblokkeerd is geweigerd en stond nooit op "
            "een site.",
            {
                "checked": "uploads, met die niet gelezen of gecontroleerd konden worden",
                "result_clean": "schoon",
                "result_match": "kwam overeen met een lijst",
                "result_near": "leek op een afbeelding van een lijst",
                "result_disputed": "kwam overeen met een lijst en werd uitgezonderd",
                "result_unscannable": "kon niet gelezen worden",
                "result_unchecked": "kon niet gecontroleerd worden",
                "held": "vastgehouden voor een mens",
                "blocked": "geblokkeerd",
            },
        ),
        Part.NOTICES: PartWords(
            "Meldingen die binnenkwamen (art. 15, lid 1, onder b, en art. 16)",
            "Alle gaan over dezelfde soort illegale inhoud. Adressen van een herhaalde melding tellen één "
            "keer.",
            {
                "received": "ontvangen meldingen",
                "by_channel": "langs de weg: {of}",
                "trusted": "van afzenders die de site vertrouwt, waaronder betrouwbare flaggers",
                "repeated": "die herhaalden wat een open melding al zei",
                "dealt_with": "afgehandelde meldingen",
                "median_time": "mediaan van de tijd tot afhandeling",
                "addresses": "adressen die ze noemden",
                "address_removed": "verwijderd",
                "address_kept": "gebleven, omdat een mens dat besliste",
                "address_gone": "al weg",
                "address_not_ours": "niet op deze site",
                "address_open": "nog niet afgehandeld",
            },
        ),
        Part.CASES: PartWords(
            "Zaken (art. 15, lid 1, onder c)",
            "Wat werd vastgehouden, geblokkeerd of gevonden, naar hoe het werd gevonden en wat mensen het "
            "laatst beslisten.",
            {
                "opened": "zaken",
                "found_at_the_door": "gevonden tijdens het uploaden",
                "found_by_late_check": "gevonden bij een controle nadat het ongecontroleerd was doorgelaten",
                "found_by_later_list": "gevonden omdat een lijst het later leerde kennen",
                "found_by_scan": "gevonden bij een scan van wat er stond",
                "found_by_notice": "gevonden door een melding",
                "decided_confirmed": "door een mens bevestigd",
                "decided_false_positive": "vals alarm",
                "decided_released": "vrijgegeven zonder dat oordeel",
                "decided_escalated": "doorgegeven",
                "undecided": "onbeslist",
                "confirmed_of_category": "bevestigd, van de categorie van de lijst: {of}",
            },
        ),
        Part.REMOVALS: PartWords(
            "Tijd tot verwijdering",
            "Van wat bekend was op een site te staan: van het moment dat een melding kwam, een scan het vond "
            "of een lijst het leerde kennen, tot het weg was. Het aandeel is van wat verwijderd is of er na "
            "24 uur nog staat.",
            {
                "known": "bekend dat het op een site stond",
                "removed": "verwijderd",
                "within_24_hours": "binnen 24 uur verwijderd",
                "share_within_24_hours": "aandeel binnen 24 uur verwijderd",
                "median_time": "mediaan van de tijd tot verwijdering",
                "p95_time": "95e percentiel van de tijd tot verwijdering",
                "still_there": "staat er nog",
                "still_there_late": "staat er langer dan 24 uur",
                "may_stay": "mag blijven zoals een mens besliste, of niet op de site",
            },
        ),
        Part.COMPLAINTS: PartWords(
            "Motiveringen en klachten over beslissingen (art. 17 en art. 15, lid 1, onder d)",
            "Klachten zijn bezwaren op de bezwaarpagina, naar wanneer ze kwamen; een mens beslist op elk.",
            {
                "statements": "motiveringen die voor uploaders klaarstonden",
                "appeals": "klachten",
                "appeals_open": "nog niet afgehandeld",
                "appeals_upheld": "waarin de beslissing in stand bleef",
                "appeals_granted": "waarin de beslissing werd teruggenomen",
                "median_time": "mediaan van de tijd tot afhandeling",
            },
        ),
        Part.ACCURACY: PartWords(
            "Nauwkeurigheid van de geautomatiseerde middelen (art. 15, lid 1, onder e)",
            "Van de zaken die in de periode kwamen en waarvan een mens zei of de lijst het goed had.",
            {
                "decided": "zo besliste zaken",
                "wrong": "waarvan vals alarm",
                "share_wrong": "foutenpercentage",
            },
        ),
        Part.REPORTS: PartWords(
            "Meldingen aan autoriteiten en meldpunten (art. 18)",
            "Alleen van bevestigde zaken, naar wanneer ze verstuurd, bevestigd of ingetrokken zijn.",
            {
                "sent": "verstuurde meldingen",
                "sent_to": "verstuurd aan: {of}",
                "acknowledged": "bevestigd door de ontvanger",
                "withdrawn": "ingetrokken",
            },
        ),
    },
)
