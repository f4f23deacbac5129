"""Cells of CSV files that spreadsheets open."""

from __future__ import annotations

# https://owasp.org/www-community/attacks/CSV_Injection; full-width forms are taken for the same.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(text: str) -> str:
    """`text`, quoted where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
