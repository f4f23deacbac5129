"""Every step, in the order in which one thing needs another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upload_guard.doctor.cautions import cautions
from upload_guard.doctor.chain import chain_steps
from upload_guard.doctor.decoding import decoding_steps
from upload_guard.doctor.here import owner_of_data, spool_step, steps_here
from upload_guard.doctor.mail import mail_steps
from upload_guard.doctor.sidecar import sidecar_steps
from upload_guard.doctor.steps import Said, State, Step, odd, taken, well
from upload_guard.settings import Settings

# Steps of their own tell of these.
_TOLD_LATER = {"no_list", "list_not_active", "master_key_missing", "no_service_key"}


def examine(settings: Settings, elsewhere: Iterable[Step] = ()) -> Iterator[Step]:
    """Each step as it is done; `elsewhere` are those of a site in operation, taken last."""
    yield taken("settings", lambda: _settings(settings), "")
    if settings.service.url:
        yield from _asking(settings)
    else:
        yield from _own(settings)
        yield from mail_steps(settings)
    yield from elsewhere


def _asking(settings: Settings) -> Iterator[Step]:
    """Of a site that asks a sidecar."""
    if not owner_of_data(settings):
        yield spool_step(settings)
    steps = tuple(sidecar_steps(settings.service))
    yield from steps
    if not any(step.said.state is State.BROKEN for step in steps):
        yield from chain_steps(settings)


def _own(settings: Settings) -> Iterator[Step]:
    """Of an installation that checks by itself."""
    owner = owner_of_data(settings)
    if owner:
        said = odd(
            f"{settings.data_dir} belongs to {owner}: what this account made there, the server could not use",
            f"run this as {owner}: sudo -u {owner} upload-guard ... doctor",
        )
    elif not settings.data_dir.exists():
        said = odd(
            f"NO LIST IS ACTIVE: every upload passes unchecked; {settings.data_dir} is not there yet",
            "'upload-guard list import NAME FILE --origin WHO --category CATEGORY', 'list activate NAME'",
        )
    else:
        said = None
    if said is not None:
        yield Step("data", said, 0.0)
        yield from decoding_steps(settings)
        return
    yield from steps_here(settings)
    yield from decoding_steps(settings)
    yield from chain_steps(settings)


def _settings(settings: Settings) -> Said:
    found = [one for one in cautions(settings) if one.code not in _TOLD_LATER]
    if not found:
        return well("nothing odd")
    return odd(
        "; ".join(one.told for one in found), f"{found[0].advice}; 'upload-guard check-config' says all of it"
    )
