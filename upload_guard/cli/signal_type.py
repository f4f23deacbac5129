"""A signal type as it is written on the command line."""

from __future__ import annotations

import click

from upload_guard.records import SignalType

METAVAR = f"[{'|'.join(SignalType)}|NAME-BITS]"


def signal_type_of(_context: click.Context, _option: click.Parameter, word: str | None) -> SignalType | None:
    """One that is built in, or a plug-in's, as `neuralhash-96`."""
    if word is None:
        return None
    try:
        return SignalType(word)
    except ValueError:
        known = ", ".join(SignalType)
        raise click.BadParameter(
            f"{word!r} is not one of {known}, or a plug-in's, as neuralhash-96"
        ) from None
