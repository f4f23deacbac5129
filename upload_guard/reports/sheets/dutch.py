"""Dutch words of reports for a person."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DUTCH: Mapping[str, str] = MappingProxyType(
    {
        "Account": "Account",
        "Action": "Maatregel",
        "Address": "Adres",
        "Borne out by lists of": "Gesteund door lijsten van",
        "Came in by": "Kwam binnen via",
        "Case": "Zaak",
        "Case number": "Zaaknummer",
        "Classification": "Classificatie",
        "Confidence": "Zekerheid",
        "Confirmed by a person": "Door een persoon bevestigd",
        "Contact": "Contactpersoon",
        "Country": "Land",
        "Domain": "Domein",
        "E-mail": "E-mail",
        "File": "Bestand",
        "File name": "Bestandsnaam",
        "First seen": "Eerst gezien",
        "IP address": "IP-adres",
        "Kept sealed until": "Verzegeld bewaard tot",
        "Last seen": "Laatst gezien",
        "Matches": "Overeenkomsten",
        "Media type": "Mediatype",
        "Organisation": "Organisatie",
        "Places": "Plaatsen",
        "Port": "Poort",
        "Publicly available": "Openbaar toegankelijk",
        "Removed": "Verwijderd",
        "Report number": "Meldingsnummer",
        "Report of a confirmed case": "Melding van een bevestigde zaak",
        "Reporter": "Melder",
        "Screen name": "Schermnaam",
        "Site": "Site",
        "Size": "Grootte",
        "Storage": "Opslag",
        "Summary": "Samenvatting",
        "Telephone": "Telefoon",
        "The upload was refused and never was on the site.": (
            "De upload is geweigerd en heeft nooit op de site gestaan."
        ),
        "This report holds no picture, and none may be asked for by answering it.": (
            "Deze melding bevat geen afbeelding, en er kan er geen worden opgevraagd door te antwoorden."
        ),
        "This report is made in good faith.": "Deze melding wordt te goeder trouw gedaan.",
        "Time of the event": "Tijd van het voorval",
        "Time of upload": "Tijd van de upload",
        "Upload": "Upload",
        "Uploader, as the site told": "Uploader, volgens de site",
        "What was done": "Wat er is gedaan",
        "Who saw it": "Wie het zag",
        "Whole unblurred file": "Het hele, onvervaagde bestand",
        "a likeness to an entry": "gelijkenis met een vermelding",
        "by nobody, as far as the audit log shows": "door niemand, voor zover het auditlogboek laat zien",
        "check service {name}, category {category}": "controledienst {name}, categorie {category}",
        "distance {distance} of {limit} bits": "afstand {distance} van {limit} bits",
        "exact": "exact",
        "list {name}, version {version}, category {category}": (
            "lijst {name}, versie {version}, categorie {category}"
        ),
        "no": "nee",
        "quality {quality}": "kwaliteit {quality}",
        "the same bytes as an entry": "dezelfde bytes als een vermelding",
        "yes": "ja",
        "{size} bytes": "{size} bytes",
    }
)

# What was done, in the words of verdicts and of `gathering`.
ACTS: Mapping[str, str] = MappingProxyType(
    {
        "allow": "doorgelaten",
        "block": "geweigerd",
        "confirmed by a person": "door een persoon bevestigd",
        "failed, as the site says": "mislukt, volgens de site",
        "found on the site, held": "op de site gevonden, vastgehouden",
        "gone, as the site says": "al verdwenen, volgens de site",
        "hidden, as the site says": "verborgen, volgens de site",
        "kept, as the site says": "gehouden, volgens de site",
        "monitor": "genoteerd",
        "quarantine": "in quarantaine",
        "refused and held": "geweigerd en vastgehouden",
        "removed from the site": "van de site verwijderd",
        "removed, as the site says": "verwijderd, volgens de site",
    }
)
