"""Matches and signals as JSON in a case's row, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from upload_guard.records import BankScope, Benign, Match, Signal, SignalType, Standing

SHA256_UNKNOWN = "SHA-256 not known"
"""Among what a case lacks whose file was never here: its row has something that only tells it from others."""


def match_row(match: Match) -> dict[str, Any]:
    since = match.since.isoformat() if match.since else ""
    return asdict(match) | {"since": since, "value": match.value.hex()}


def match_of(row: dict[str, Any]) -> Match:
    values = dict(row)
    # Cases of earlier releases know nothing of a bank, nor of entries' values.
    if benign := values.get("benign"):
        values["benign"] = Benign(**benign | {"scope": BankScope(benign["scope"])})
    values["value"] = bytes.fromhex(values.get("value", ""))
    values["standing"] = Standing(values.get("standing", Standing.FIRM))
    values["signal_type"] = SignalType(str(values["signal_type"]))
    values["since"] = datetime.fromisoformat(str(values["since"])) if values["since"] else None
    return Match(**values)


def signal_rows(signals: Iterable[Signal]) -> list[dict[str, Any]]:
    """All but the file's own digests, which a case has in columns."""
    return [_signal_row(signal) for signal in signals if signal.view or not signal.type.exact]


def _signal_row(signal: Signal) -> dict[str, Any]:
    return asdict(signal) | {"value": signal.value.hex()}


def signal_of(row: dict[str, Any]) -> Signal:
    return Signal(**row | {"type": SignalType(row["type"]), "value": bytes.fromhex(row["value"])})
