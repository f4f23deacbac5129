"""What went wrong on the way to a mail server, in words that name neither a person nor a password."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from upload_guard.errors import TransportError


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """The machine's authorities, or those of a file. Raises `TransportError`."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:
        why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise TransportError(f"the authorities of ca_file cannot be read: {ca_file} ({why})") from None


def unreached(host: str, port: int, error: Exception) -> str:
    """A sentence for a fault of a connection, other than that it took too long."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{host} has no certificate of that name by an issuer we trust ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"{host} speaks no TLS with us at port {port} ({error.reason or 'no reason given'})"
    if isinstance(error, socket.gaierror):
        return f"{host}: no name server gives an address for it"
    if isinstance(error, ConnectionRefusedError):
        return f"{host}: nothing listens at port {port}"
    if isinstance(error, UnicodeEncodeError):
        # Its own words hold a character of what it could not encode.
        return f"{host} is told user and password in ASCII alone, and there is something else in them"
    if isinstance(error, UnicodeError):
        return f"{host}: that is no name of a server"
    if type(error) in {OSError, PermissionError}:
        # No network, no route, a firewall of this machine.
        return f"{host} cannot be reached at port {port} ({error.strerror or 'no reason given'})"  # type: ignore[attr-defined]
    return f"{host} broke off, or speaks something else ({type(error).__name__})"
