"""What an uploader is told. The same neutral sentence and a case number whatever was found inside.

No list, distance or reason, and no difference between block and quarantine: nobody can probe with it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header

from upload_guard.errors import Unavailable, UploadGuardError

_TYPES = ("application/json", "text/html", "text/plain")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP response: `status` with its phrase, headers as WSGI takes them, body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Message:
    code: str
    title: str
    sentence: str
    case_label: str
    case: str = ""


_REFUSED = {
    "en": ("Upload refused", "This upload cannot be accepted.", "Case number"),
    "nl": ("Upload geweigerd", "Deze upload kan niet worden aanvaard.", "Zaaknummer"),
}
_FAULTS = {
    "en": "Upload not accepted",
    "nl": "Upload niet aanvaard",
}
_FAULT_SENTENCES = {
    # Dutch for the public sentences of errors.py, which are the English ones.
    "The request could not be understood.": "Het verzoek is onbegrijpelijk.",
    "The request is malformed, or could be read in two ways.": (
        "Het verzoek is ongeldig of kan op twee manieren worden gelezen."
    ),
    "The request ended before its announced length.": "Het verzoek eindigde voor de aangekondigde lengte.",
    "This server needs a Content-Length header.": "Deze server heeft een Content-Length nodig.",
    "The upload is too large.": "De upload is te groot.",
    "The upload took too long.": "De upload duurde te lang.",
    "This server does not take uploads compressed or encoded in this way.": (
        "Deze server neemt geen uploads aan die zo zijn gecomprimeerd of gecodeerd."
    ),
    "This server does not take uploads in pieces. Please send the file in one request.": (
        "Deze server neemt geen uploads in delen aan. Stuur het bestand in een keer."
    ),
    "The pieces of an upload must be sent one after another, each only once. "
    "Please send the file again from the start, under another name.": (
        "De delen van een upload moeten na elkaar worden gestuurd, elk maar een keer. "
        "Stuur het bestand opnieuw vanaf het begin, onder een andere naam."
    ),
    "Send one file, as the raw body or as the only file of a form.": (
        "Stuur een enkel bestand, als het verzoek zelf of als enig bestand van een formulier."
    ),
    "There is no case of that number.": "Er is geen zaak met dat nummer.",
    "There is no notice of that number.": "Er is geen melding met dat nummer.",
    "There is no statement of reasons for that case, or not yet.": (
        "Er is geen motivering voor die zaak, of nog niet."
    ),
    "This case is not released, so its file is not given back.": (
        "Deze zaak is niet vrijgegeven, dus het bestand wordt niet teruggegeven."
    ),
    "This file is being fetched by another request.": "Een ander verzoek haalt dit bestand al op.",
    "This file was fetched already. It is given back once.": (
        "Dit bestand is al opgehaald. Het wordt een keer teruggegeven."
    ),
    "The file of this case is not held, or no longer. Please ask its owner to upload it again.": (
        "Het bestand van deze zaak wordt niet (meer) bewaard. Vraag de eigenaar het opnieuw te uploaden."
    ),
    "There is no check of that name, or no longer. Please send the file again.": (
        "Er is geen controle met die naam, of niet meer. Stuur het bestand opnieuw."
    ),
    "This request carries no valid machine key.": "Dit verzoek heeft geen geldige machinesleutel.",
    "The request was signed at another time. Please compare the clocks of both machines.": (
        "Het verzoek is op een ander tijdstip ondertekend. Vergelijk de klokken van beide machines."
    ),
    "The body is not the one that was signed.": "De inhoud is niet die welke werd ondertekend.",
    "This very request was made before.": "Ditzelfde verzoek is al eerder gedaan.",
    "This machine key may not do that.": "Deze machinesleutel mag dat niet.",
    "The site of this machine key has no files there.": (
        "De site van deze machinesleutel heeft daar geen bestanden."
    ),
    "This machine key belongs to another site.": "Deze machinesleutel hoort bij een andere site.",
    "Too many requests. Please wait a little.": "Te veel verzoeken. Wacht even.",
    "Too many requests without a valid machine key. Please wait a while.": (
        "Te veel verzoeken zonder geldige machinesleutel. Wacht een poos."
    ),
    "That name and password do not belong together.": "Die naam en dat wachtwoord horen niet bij elkaar.",
    "Others are logging in at this moment. Please try again.": (
        "Anderen melden zich op dit moment aan. Probeer het opnieuw."
    ),
    "Too many log-ins went wrong. Please wait a while.": "Te veel mislukte aanmeldingen. Wacht even.",
    "Uploads cannot be accepted at the moment. Please try again later.": (
        "Uploads kunnen op dit moment niet worden aanvaard. Probeer het later opnieuw."
    ),
    "These are no elements as a private check has them.": (
        "Dit zijn geen elementen zoals een afgeschermde controle ze heeft."
    ),
    "Private checks have begun anew. Please ask again what is offered.": (
        "Afgeschermde controles zijn opnieuw begonnen. Vraag opnieuw wat er wordt aangeboden."
    ),
    "Something went wrong on the server.": "Er ging iets mis op de server.",
    "This machine key is not one of a customer of this check service.": (
        "Deze machinesleutel is niet van een klant van deze controledienst."
    ),
    "All checks of this day (UTC) have been made.": "Alle controles van deze dag (UTC) zijn gedaan.",
    "This category or list does not count for this customer, so nothing was checked.": (
        "Deze categorie of lijst telt niet voor deze klant, dus er is niets gecontroleerd."
    ),
    "This is no hash of that type, so nothing was checked.": (
        "Dit is geen hash van die soort, dus er is niets gecontroleerd."
    ),
    "No hash can be taken of this file, so nothing was checked.": (
        "Van dit bestand kan geen hash worden genomen, dus er is niets gecontroleerd."
    ),
    "Nothing could be checked: the lists that answer this are not in force.": (
        "Er kon niets worden gecontroleerd: de lijsten die hierop antwoorden gelden niet."
    ),
    "Nothing could be checked: no list in force holds hashes of this type.": (
        "Er kon niets worden gecontroleerd: geen geldende lijst heeft hashes van deze soort."
    ),
    "There is no list of that name, or it is not shared.": (
        "Er is geen lijst met die naam, of de lijst wordt niet gedeeld."
    ),
}


LANGUAGES = tuple(_REFUSED)
"""What an uploader may be told it in, the first where nothing else was asked for."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """What a door that speaks for itself may say of a refusal, and of a check that could not be made."""

    title: str
    refused: str
    case_label: str
    unavailable: str


def sentences(language: str) -> Sentences:
    """In one of `LANGUAGES`."""
    title, sentence, label = _REFUSED[language]
    unavailable = Unavailable.public
    return Sentences(
        title, sentence, label, unavailable if language == "en" else _FAULT_SENTENCES[unavailable]
    )


def refused(environ: Mapping[str, Any], case: str) -> Answer:
    """403 for an upload that is kept, whether blocked or held."""
    language = language_of(environ)
    title, sentence, label = _REFUSED[language]
    return _answer(
        environ, "403 Forbidden", language, _Message("upload_refused", title, sentence, label, case)
    )


def fault(environ: Mapping[str, Any], error: UploadGuardError, retry_after: int) -> Answer:
    """The error's own status; Retry-After in seconds where trying again can help."""
    language = language_of(environ)
    sentence = error.public if language == "en" else _FAULT_SENTENCES[error.public]
    message = _Message(error.code, _FAULTS[language], sentence, "")
    answer = _answer(environ, f"{error.status} {_PHRASES[error.status]}", language, message)
    if error.retryable:
        answer.headers.append(("Retry-After", str(retry_after)))
    return answer


_PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def language_of(environ: Mapping[str, Any]) -> str:
    """The one of `LANGUAGES` that a request would rather have."""
    # By primary tag and in the order of wishes: Werkzeug's own match would give nl-BE, en;q=0.5 English.
    wanted = parse_accept_header(environ.get("HTTP_ACCEPT_LANGUAGE"), LanguageAccept)
    tags = (tag.partition("-")[0].lower() for tag, quality in wanted if quality)
    return next((tag for tag in tags if tag in _REFUSED), "en")


def _answer(environ: Mapping[str, Any], status: str, language: str, message: _Message) -> Answer:
    accept = parse_accept_header(environ.get("HTTP_ACCEPT", "*/*"), MIMEAccept)
    media_type = accept.best_match(_TYPES, "text/plain") or "text/plain"
    body = _RENDERERS[media_type](message, language).encode()
    headers = [
        ("Content-Type", f"{media_type}; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Content-Language", language),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept, Accept-Language"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Answer(status, headers, body)


def _as_json(message: _Message, _language: str) -> str:
    fields = {"error": message.code, "message": message.sentence}
    return json.dumps(fields | ({"case": message.case} if message.case else {}), ensure_ascii=False)


def _as_text(message: _Message, _language: str) -> str:
    return f"{message.sentence}\n" + (f"{message.case_label}: {message.case}\n" if message.case else "")


def _as_html(message: _Message, language: str) -> str:
    title, sentence = html.escape(message.title), html.escape(message.sentence)
    case = f"<p>{message.case_label}: <code>{html.escape(message.case)}</code></p>" if message.case else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>'
        f"<body><main><h1>{title}</h1><p>{sentence}</p>{case}</main></body></html>\n"
    )


_RENDERERS = {"application/json": _as_json, "text/html": _as_html, "text/plain": _as_text}
