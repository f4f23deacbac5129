"""Every format and sender by the name that settings have for it. One line each, imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from upload_guard.errors import ConfigError
from upload_guard.report_settings import OPTIONS, FormatName, RecipientSettings, SenderName
from upload_guard.reports.jurisdictions import FittedFormat, wanted
from upload_guard.reports.papers import Format, Sender
from upload_guard.settings import Settings

MakesFormat = Callable[[RecipientSettings], Format]
MakesSender = Callable[[RecipientSettings, Settings], Sender]


def _text(own: RecipientSettings) -> Format:
    from upload_guard.reports.sheets.text import TextFormat

    want = wanted(own)
    return TextFormat(want.language, want.sentences)


def _html(own: RecipientSettings) -> Format:
    from upload_guard.reports.sheets.html import HtmlFormat

    want = wanted(own)
    return HtmlFormat(want.language, want.sentences)


def _pdf(own: RecipientSettings) -> Format:
    from upload_guard.reports.sheets.pdf import PdfFormat

    want = wanted(own)
    return PdfFormat(want.language, want.sentences)


def _cybertip(own: RecipientSettings) -> Format:
    from upload_guard.reports.cybertip.paper import CyberTip

    # NCMEC reads English, whatever language others are written in.
    english = wanted(own.model_copy(update={"language": "en"}))
    return CyberTip(sentences=english.sentences, **_options(own))


def _scart_notice(own: RecipientSettings) -> Format:
    from upload_guard.reports.scart.papers import ScartNotice

    return ScartNotice(**_options(own))


def _scart_police(own: RecipientSettings) -> Format:
    from upload_guard.reports.scart.papers import ScartPolice

    return ScartPolice(**_options(own))


def _scart_api(own: RecipientSettings) -> Format:
    from upload_guard.reports.scart.papers import ScartApi

    return ScartApi(**_options(own))


def _xarf(_own: RecipientSettings) -> Format:
    from upload_guard.reports.xarf.paper import Xarf

    return Xarf()


def _xarf_mail(own: RecipientSettings) -> Format:
    from upload_guard.reports.mails.xarf import XarfMail

    want = wanted(own)
    return XarfMail(want.language, want.sentences)


def _arf(own: RecipientSettings) -> Format:
    from upload_guard.reports.mails.arf import Arf

    want = wanted(own)
    return Arf(want.language, want.sentences)


def _options(own: RecipientSettings) -> dict[str, Any]:
    """Those of the format, by the names of its fields; settings have judged them."""
    return {name: value for name, value in own.options.items() if name in OPTIONS.get(own.format, {})}


def _folder(own: RecipientSettings, _settings: Settings) -> Sender:
    from upload_guard.reports.folder import FolderSender

    if own.folder is None:
        raise ConfigError("the sender folder needs one")
    return FolderSender(own.folder)


def _to_ncmec(own: RecipientSettings, _settings: Settings) -> Sender:
    from upload_guard.reports.cybertip.sender import CyberTipSender
    from upload_guard.upstreams.asking import Asker
    from upload_guard.upstreams.client import Login

    login = Login(own.user, own.password.get_secret_value())
    return CyberTipSender(own.url, Asker(login, own.ca_file), own.timeout)


def _to_scart(own: RecipientSettings, _settings: Settings) -> Sender:
    from upload_guard.reports.scart.sender import ScartSender
    from upload_guard.upstreams.asking import Asker, Key

    key = Key("Authorization", f"Bearer {own.key.get_secret_value()}")
    return ScartSender(own.url, Asker(key, own.ca_file), own.timeout)


def _by_post(own: RecipientSettings, _settings: Settings) -> Sender:
    from upload_guard.reports.xarf.sender import PostSender
    from upload_guard.upstreams.asking import Asker, Key

    secret = own.key.get_secret_value()
    key = Key("Authorization", f"Bearer {secret}") if secret else None
    return PostSender(own.url, Asker(key, own.ca_file), own.timeout)


def _by_mail(own: RecipientSettings, settings: Settings) -> Sender:
    from upload_guard.mailing.mailer import mailer_of
    from upload_guard.reports.mails.sender import SmtpSender

    if not settings.mail.enabled:
        raise ConfigError("the sender smtp needs a mail server: [mail] server and sender")
    return SmtpSender(mailer_of(settings.mail), settings.mail.sender, own.to, wanted(own).language)


FORMATS: Mapping[FormatName, MakesFormat] = MappingProxyType(
    {
        "text": _text,
        "html": _html,
        "pdf": _pdf,
        "cybertip": _cybertip,
        "scart_notice": _scart_notice,
        "scart_police": _scart_police,
        "scart_api": _scart_api,
        "xarf": _xarf,
        "xarf_mail": _xarf_mail,
        "arf": _arf,
    }
)
SENDERS: Mapping[SenderName, MakesSender] = MappingProxyType(
    {
        "folder": _folder,
        "cybertip": _to_ncmec,
        "scart": _to_scart,
        "post": _by_post,
        "smtp": _by_mail,
    }
)


def format_of(own: RecipientSettings) -> Format:
    """What a recipient's reports are written as, fitted to the addressee of its jurisdiction.

    Raises `ConfigError` where the jurisdiction does not know it so.
    """
    made, addressee = FORMATS[own.format](own), wanted(own).addressee
    return made if addressee is None else FittedFormat(made, addressee)


def sender_of(own: RecipientSettings, settings: Settings) -> Sender:
    """By which way they go. `settings` are for what senders share, such as the mail server.

    Raises `ConfigError` where it cannot be made of them.
    """
    return SENDERS[own.sender](own, settings)
