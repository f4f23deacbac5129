"""All that a person should know of an installation that is going to run."""

from __future__ import annotations

from upload_guard.doctor.caution import Caution
from upload_guard.doctor.chosen import cautions_of_settings
from upload_guard.doctor.machine import cautions_of_machine
from upload_guard.doctor.rows import cautions_of_rows
from upload_guard.settings import Settings


def cautions(settings: Settings) -> tuple[Caution, ...]:
    """Makes and changes nothing; what cannot be looked at is a caution, too."""
    return (*cautions_of_rows(settings), *cautions_of_settings(settings), *cautions_of_machine(settings))
