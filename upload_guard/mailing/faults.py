"""What went wrong on the way to a mail server, in words that name neither a person nor a password."""

from __future__ import annotations

import socket
import ssl


def unreached(host: str, port: int, error: Exception) -> str:
    """A sentence for a fault of a connection, other than that it took too long."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{host} has no certificate of that name by an issuer we trust"
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
    if isinstance(error, FileNotFoundError | PermissionError):
        return f"{host}: the file of ca_file cannot be read ({error.strerror})"
    return f"{host} broke off, or speaks something else ({type(error).__name__})"
