"""Options of mail: by which server letters and reports go out, and in which mailboxes notices come in."""

from __future__ import annotations

import ipaddress
from email.utils import getaddresses
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from upload_guard.sections import Section

Security = Literal["tls", "starttls", "none"]
_SMTP_PORTS: dict[str, int] = {"tls": 465, "starttls": 587, "none": 25}
_IMAP_PORTS: dict[str, int] = {"tls": 993, "starttls": 143, "none": 143}


class MailSettings(Section):
    """The mail server that takes what goes out; without `server` no letter is sent."""

    server: str = ""
    port: int = Field(default=0, ge=0, le=65535)
    security: Security = "tls"
    user: str = ""
    password: SecretStr = SecretStr("")
    sender: str = Field(default="", validate_default=True)
    ca_file: Path | None = None
    timeout: float = Field(default=30.0, gt=0, le=300, allow_inf_nan=False)

    @field_validator("security")
    @classmethod
    def _is_private(cls, security: Security, info: ValidationInfo) -> Security:
        return _only_here(security, info)

    @field_validator("sender")
    @classmethod
    def _is_an_address(cls, sender: str, info: ValidationInfo) -> str:
        if (sender or info.data.get("server")) and not _address_in(sender):
            raise ValueError('an address such as "Abuse desk <abuse@example.org>"')
        return sender

    @property
    def enabled(self) -> bool:
        return bool(self.server and self.sender)

    @property
    def address(self) -> str:
        """That letters come from, without a name, in lower case."""
        return _address_in(self.sender).lower()

    @property
    def port_or_usual(self) -> int:
        return self.port or _SMTP_PORTS[self.security]

    def resolved_against(self, folder: Path) -> Self:
        """The same with relative paths counted from `folder`."""
        return self.model_copy(update={"ca_file": self.ca_file and folder / self.ca_file})


class MailboxSettings(Section):
    """One mailbox that notices come to: a maildir on this machine, or one by IMAP."""

    maildir: Path | None = None
    server: str = ""
    port: int = Field(default=0, ge=0, le=65535)
    security: Security = "tls"
    user: str = ""
    password: SecretStr = SecretStr("")
    folder: str = "INBOX"
    done_folder: str = ""
    ca_file: Path | None = None
    timeout: float = Field(default=60.0, gt=0, le=600, allow_inf_nan=False)
    every_seconds: float = Field(default=60.0, ge=5, le=86400, allow_inf_nan=False, validate_default=True)

    @field_validator("security")
    @classmethod
    def _is_private(cls, security: Security, info: ValidationInfo) -> Security:
        return _only_here(security, info)

    @field_validator("every_seconds")
    @classmethod
    def _is_one_of_two(cls, every_seconds: float, info: ValidationInfo) -> float:
        if "server" in info.data and bool(info.data.get("maildir")) == bool(info.data["server"]):
            raise ValueError("a mailbox that has either a maildir or a server")
        return every_seconds

    @property
    def port_or_usual(self) -> int:
        return self.port or _IMAP_PORTS[self.security]

    def resolved_against(self, folder: Path) -> Self:
        """The same with relative paths counted from `folder`."""
        paths = {"ca_file": self.ca_file, "maildir": self.maildir}
        return self.model_copy(update={name: path and folder / path for name, path in paths.items()})


def _only_here(security: Security, info: ValidationInfo) -> Security:
    # Passwords, and what is said of abuse, go over no wire in the clear.
    if security == "none" and not _is_loopback(info.data.get("server", "")):
        raise ValueError('"tls" or "starttls"; "none" on loopback only')
    return security


def _is_loopback(server: str) -> bool:
    try:
        return server in ("", "localhost") or ipaddress.ip_address(server).is_loopback
    except ValueError:
        return False


def _address_in(text: str) -> str:
    found = getaddresses([text])
    address = found[0][1] if len(found) == 1 else ""
    local, at, domain = address.rpartition("@")
    return address if at and local and domain and not set(address) & set(' \t\r\n<>,;"') else ""
