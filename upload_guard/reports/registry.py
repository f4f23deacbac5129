"""Every format and sender by the name that settings have for it. One line each, imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from upload_guard.errors import ConfigError
from upload_guard.report_settings import FormatName, RecipientSettings, SenderName
from upload_guard.reports.papers import Format, Sender
from upload_guard.settings import Settings

MakesFormat = Callable[[RecipientSettings], Format]
MakesSender = Callable[[RecipientSettings, Settings], Sender]


def _text(own: RecipientSettings) -> Format:
    from upload_guard.reports.text import TextFormat

    return TextFormat(own.language)


def _folder(own: RecipientSettings, _settings: Settings) -> Sender:
    from upload_guard.reports.folder import FolderSender

    if own.folder is None:
        raise ConfigError("the sender folder needs one")
    return FolderSender(own.folder)


FORMATS: Mapping[FormatName, MakesFormat] = MappingProxyType(
    {
        "text": _text,
    }
)
SENDERS: Mapping[SenderName, MakesSender] = MappingProxyType(
    {
        "folder": _folder,
    }
)


def format_of(own: RecipientSettings) -> Format:
    """What a recipient's reports are written as."""
    return FORMATS[own.format](own)


def sender_of(own: RecipientSettings, settings: Settings) -> Sender:
    """By which way they go. `settings` are for what senders share, such as the mail server.

    Raises `ConfigError` where it cannot be made of them.
    """
    return SENDERS[own.sender](own, settings)
