"""From a list's settings to its exchange."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from upload_guard.errors import ConfigError
from upload_guard.list_settings import ExchangeSettings
from upload_guard.lists.feedback import TakesFeedback
from upload_guard.lists.sync.exchange import Exchange
from upload_guard.records import SignalType
from upload_guard.upstreams.client import Client, Login
from upload_guard.upstreams.delivered import Delivery
from upload_guard.upstreams.folder import FolderExchange
from upload_guard.upstreams.opinions_folder import SUFFIX, OpinionsFolder
from upload_guard.upstreams.url import UrlExchange


def exchange_of(own: ExchangeSettings, public_key: str, scratch: Path) -> Exchange:
    """What comes waits in the folder `scratch`, of this list alone. Raises `ConfigError`."""
    delivery = Delivery(
        own.format,
        SignalType(own.signal_type) if own.signal_type else None,
        public_key,
        own.max_bytes,
    )
    parts = urlsplit(own.url)
    if parts.scheme == "file":
        return FolderExchange(Path(unquote(parts.path)), delivery, scratch)
    return UrlExchange(own.url, _client(own), delivery, scratch)


def taker_of(own: ExchangeSettings, installation: str) -> TakesFeedback | None:
    """Who hears what is thought here of the list's entries; None unless settings say that somebody does."""
    parts = urlsplit(own.url)
    if not own.feedback or parts.scheme != "file":
        return None
    path = Path(unquote(parts.path))
    # Beside what comes in: within it, it would come in again.
    return OpinionsFolder(path.with_name(f"{path.name}{SUFFIX}"), installation)


def _client(own: ExchangeSettings) -> Client:
    if own.ca_file and not own.ca_file.is_file():
        raise ConfigError(f"ca_file {own.ca_file}: there is no such file")
    login = Login(own.user, own.password.get_secret_value()) if own.user else None
    return Client(own.timeout, own.max_bytes, login, own.ca_file)
