"""Holds what is sent to NCMEC against the schema that this package ships, before a person approves it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import cache
from importlib import resources

import xmlschema

from upload_guard.errors import NotReportable


def check(element: ET.Element) -> ET.Element:
    """The same. Raises `NotReportable` with the path of the first thing that does not fit."""
    for fault in _schema().iter_errors(element):
        raise NotReportable(
            f"NCMEC's schema does not take this report: {fault.reason} (at {fault.path or element.tag})"
        )
    return element


@cache
def _schema() -> xmlschema.XMLSchema10:
    file = resources.files("upload_guard.reports.cybertip").joinpath("cybertip.xsd")
    return xmlschema.XMLSchema10(file.read_text(encoding="utf-8"))
