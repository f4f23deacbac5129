"""Notices in Dutch."""

from __future__ import annotations

from upload_guard.outbox.wording import DigestWords, Said, Words
from upload_guard.storage.events import EventKind

DUTCH = Words(
    said={
        EventKind.CASE_OPENED: Said(
            "Er is een nieuwe zaak",
            "Er zijn {count} nieuwe zaken",
            "Sites: {sites}\nZaken: {cases}\nEen mens moet beslissen; de norm is 24 uur.",
        ),
        EventKind.APPEALED: Said(
            "Een uploader maakt bezwaar tegen een beslissing",
            "{count} uploaders maken bezwaar tegen beslissingen",
            "Sites: {sites}\nZaken: {cases}\nEen ander dan wie besliste moet ernaar kijken: de wachtrij "
            "toont het onder 'bezwaren'.",
        ),
        EventKind.FOUND_LATE: Said(
            "Een upload die was doorgelaten staat nu op een lijst",
            "{count} uploads die waren doorgelaten staan nu op een lijst",
            "Sites: {sites}\nZaken: {cases}\nHet bestand kan op de site staan, waar bezoekers het zien. De "
            "zaak zegt waar het heen ging, als de site dat zei.",
        ),
        EventKind.BREAKER_TRIPPED: Said(
            "De stortvloedbeveiliging heeft een vermelding verlaagd",
            "De stortvloedbeveiliging heeft {count} vermeldingen verlaagd",
            "Lijsten: {lists}\nDe vermelding trof opeens veel uploads. Ze houdt nu hoogstens vast en "
            "blokkeert niets, tot iemand dat bevestigt of opheft: 'upload-guard list breaker show'.",
        ),
        EventKind.LIST_HELD: Said(
            "Een versie van een lijst kwam niet door de poort",
            "{count} versies van lijsten kwamen niet door de poort",
            "Versies: {lists}\nWat eerder werkte blijft werken. 'upload-guard list examine NAAM NUMMER' zegt "
            "waarom; 'upload-guard list approve' laat een vastgehouden versie door.",
        ),
        EventKind.CASE_LATE: Said(
            "Een zaak wacht al {hours} uur",
            "{count} zaken wachten al {hours} uur",
            "Sites: {sites}\nZaken: {cases}\nDe norm is een beslissing binnen 24 uur.",
        ),
        EventKind.NOTICE_LATE: Said(
            "Een melding wacht al {hours} uur",
            "{count} meldingen wachten al {hours} uur",
            "Sites: {sites}\nMeldingen: {notices}\nIemand meldde bestanden op een site, en dat is nog niet "
            "helemaal afgehandeld; de norm is 24 uur.",
        ),
        EventKind.OVERDUE: Said(
            "Een termijn is verstreken",
            "{count} termijnen zijn verstreken",
            "Sites: {sites}\nZaken: {cases}\nMeldingen: {notices}\nOnbesliste zaken, meldingen die niet zijn "
            "afgehandeld, en bevestigde zaken waarvan het bestand nog op de site staat. Bezoekers kunnen "
            "zo'n bestand nu zien.",
        ),
        EventKind.BYTES_EXPIRING: Said(
            "Het bestand van een zaak verloopt binnen {hours} uur",
            "De bestanden van {count} zaken verlopen binnen {hours} uur",
            "Zaken: {cases}\nDaarna zijn alleen de zaak en de hashes er nog. Een juridische bewaarplicht "
            "houdt een bestand vast: 'upload-guard quarantine hold'.",
        ),
        EventKind.PRESERVATION_ENDING: Said(
            "De bewaartermijn van een zaak eindigt binnen {hours} uur",
            "De bewaartermijn van {count} zaken eindigt binnen {hours} uur",
            "Zaken: {cases}\nDaarna verlopen de bestanden zoals de bewaarregels zeggen.",
        ),
        EventKind.AUDIT_BROKEN: Said(
            "Het auditlogboek is niet wat er geschreven werd",
            "Het auditlogboek is niet wat er geschreven werd",
            "Er wordt niets beslist en er verloopt niets tot iemand ernaar heeft gekeken: "
            "'upload-guard audit verify'.",
        ),
        EventKind.NO_LIST: Said(
            "Er is geen lijst actief",
            "Er is geen lijst actief",
            "Elke upload gaat ongecontroleerd door. 'upload-guard doctor' zegt wat te doen.",
        ),
        EventKind.REPORT_FAILED: Said(
            "Een melding heeft een mens nodig",
            "{count} meldingen hebben een mens nodig",
            "Zaken: {cases}\nZe konden niet geschreven of verzonden worden, of zijn uitgegaan van een zaak "
            "die niet meer bevestigd is: 'upload-guard reports list' zegt welke.",
        ),
        EventKind.MAILBOX_SILENT: Said(
            "Een postbus is niet te lezen",
            "{count} postbussen zijn niet te lezen",
            "Postbussen: {recipients}\nMeldingen liggen daar misschien ongelezen, of enkele ervan. "
            "'upload-guard incoming fetch' zegt waarom.",
        ),
        EventKind.UNDELIVERED: Said(
            "Een bericht is opgegeven",
            "{count} berichten zijn opgegeven",
            "Aan: {recipients}\n'upload-guard outbox list' zegt waarom, 'upload-guard outbox retry' "
            "verstuurt opnieuw.",
        ),
    },
    digest=DigestWords(
        title="de dag in cijfers, {undecided} onbeslist",
        since="Sinds {since} UTC",
        opened="Nieuwe zaken",
        by_state="Alle zaken",
        undecided="Onbeslist",
        oldest="Langst onbeslist",
        late="Langer dan 24 uur onbeslist",
        decided="Beslissingen",
        lists="Lijsten",
        imported="{name}: versie {number} kwam binnen",
        acts="{name}: versie {number} werkt ({way})",
        lowered="Vermeldingen verlaagd door de stortvloedbeveiliging, onbeslist",
        given_up="Opgegeven berichten",
        customers=(
            "Treffers van klanten van deze hashcheckservice: {hits} nieuw, {followed} opgevolgd, "
            "{open} open, waarvan {late} te laat"
        ),
        none="geen",
        states={
            "open": "open",
            "release_proposed": "vrijgave voorgesteld",
            "released": "vrijgegeven",
            "confirmed": "bevestigd",
            "escalated": "doorgegeven",
            "expired": "verlopen",
        },
        decisions={
            "false_positive": "vals alarm",
            "released": "vrijgegeven",
            "confirmed": "bevestigd",
            "escalated": "doorgegeven",
            "reopened": "heropend",
            "confirm_proposed": "bevestiging voorgesteld",
        },
        ways={"manual": "met de hand", "automatic": "vanzelf", "rollback": "teruggedraaid"},
    ),
    more="en nog {count}",
    review="Beoordelen: {url}",
    test_title="een proef",
    test_text="Dit is een proef van de meldingen van upload_guard. Er is niets gebeurd.",
)
