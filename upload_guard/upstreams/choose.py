"""From a list's settings to its exchange."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from upload_guard.errors import ConfigError
from upload_guard.list_settings import ExchangeSettings
from upload_guard.lists.feedback import TakesFeedback
from upload_guard.lists.sync.exchange import Exchange
from upload_guard.records import SignalType
from upload_guard.signing import Credentials
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.client import Client, Login
from upload_guard.upstreams.delivered import Delivery
from upload_guard.upstreams.exchanges.hma import HmaExchange
from upload_guard.upstreams.exchanges.ncmec import NcmecExchange
from upload_guard.upstreams.exchanges.ncmec_votes import NcmecVotes
from upload_guard.upstreams.exchanges.paging import PAGE_BYTES
from upload_guard.upstreams.exchanges.stopncii import StopNciiExchange, StopNciiKeys
from upload_guard.upstreams.exchanges.stopncii_feedback import StopNciiFeedback
from upload_guard.upstreams.exchanges.tat import TatExchange
from upload_guard.upstreams.exchanges.upload_guard import GuardExchange
from upload_guard.upstreams.folder import FolderExchange
from upload_guard.upstreams.opinions_folder import SUFFIX, OpinionsFolder
from upload_guard.upstreams.url import UrlExchange

# A message waits for its turn in a job that sends them all.
_FEEDBACK_SECONDS = 20.0


def exchange_of(own: ExchangeSettings, public_key: str, scratch: Path) -> Exchange:
    """What comes waits in the folder `scratch`, of this list alone. Raises `ConfigError`."""
    if own.system == "folder":
        return FolderExchange(_path(own), _delivery(own, public_key), scratch)
    if own.system == "url":
        client = _client(own, _login(own), int(own.max_bytes))
        return UrlExchange(own.url, client, _delivery(own, public_key), scratch)
    return _by_protocol(own, scratch)


def taker_of(own: ExchangeSettings, installation: str, staging: Path) -> TakesFeedback | None:
    """Who hears what is thought here of the list's entries; None unless settings say that somebody does.

    `staging` is where what came of the list so far is.
    """
    if not own.feedback:
        return None
    if own.system == "ncmec":
        asker = Asker(_login(own), own.ca_file)
        return NcmecVotes(_base(own), asker, staging, own.feedback_reason, _FEEDBACK_SECONDS)
    if own.system == "stopncii":
        keys = StopNciiKeys(own.subscription_key.get_secret_value(), own.feedback_key.get_secret_value())
        return StopNciiFeedback(_base(own), Asker(None, own.ca_file), keys, _FEEDBACK_SECONDS)
    path = _path(own)
    # Beside what comes in: within it, it would come in again.
    return OpinionsFolder(path.with_name(f"{path.name}{SUFFIX}"), installation)


def _by_protocol(own: ExchangeSettings, scratch: Path) -> Exchange:
    base, page = _base(own), min(int(own.max_bytes), PAGE_BYTES)
    if own.system == "ncmec":
        client = _client(own, _login(own), page)
        return NcmecExchange(base, client, scratch, own.members, own.dissent)
    if own.system == "stopncii":
        keys = StopNciiKeys(own.subscription_key.get_secret_value(), own.function_key.get_secret_value())
        return StopNciiExchange(base, _client(own, None, page), keys, scratch, own.dissent)
    if own.system == "tat":
        login = Login(own.user, own.password.get_secret_value())
        return TatExchange(base, login, _client(own, None, page), Asker(None, _ca_file(own)), scratch)
    if own.system == "hma":
        bearer = own.bearer.get_secret_value()
        return HmaExchange(base, own.remote_name, _client(own, None, page), scratch, own.gap, bearer)
    return GuardExchange(
        base,
        own.remote_name,
        _client(own, None, int(own.max_bytes)),
        Credentials(own.key_id, own.secret.get_secret_value()),
        Delivery("jsonl", None, "", int(own.max_bytes)),
        scratch,
    )


def _base(own: ExchangeSettings) -> str:
    return own.url.rstrip("/")


def _path(own: ExchangeSettings) -> Path:
    return Path(unquote(urlsplit(own.url).path))


def _delivery(own: ExchangeSettings, public_key: str) -> Delivery:
    signal_type = SignalType(own.signal_type) if own.signal_type else None
    return Delivery(own.format, signal_type, public_key, own.max_bytes)


def _login(own: ExchangeSettings) -> Login | None:
    return Login(own.user, own.password.get_secret_value()) if own.user else None


def _client(own: ExchangeSettings, login: Login | None, max_bytes: int) -> Client:
    return Client(own.timeout, max_bytes, login, _ca_file(own))


def _ca_file(own: ExchangeSettings) -> Path | None:
    if own.ca_file and not own.ca_file.is_file():
        raise ConfigError(f"ca_file {own.ca_file}: there is no such file")
    return own.ca_file
