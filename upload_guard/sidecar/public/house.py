"""What the public pages work with."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from upload_guard.keyring import Keyring, open_keyring
from upload_guard.settings import Settings
from upload_guard.sidecar.public.forms import Forms
from upload_guard.sidecar.public.visits import Visit, Visits
from upload_guard.sidecar.review.strangers import Strangers
from upload_guard.storage.database import Database

_FORMS, _VISITS = "public forms", "public visits"


@dataclass(frozen=True, slots=True)
class Public:
    """The rooms behind the pages. A page makes what it alone needs from these."""

    settings: Settings
    database: Database
    keyring: Keyring
    strangers: Strangers
    visits: Visits
    forms: Forms

    def received(self, form: str) -> dict[str, str]:
        """The fields of a form that was sent, the first of each name, without the blanks around them.

        Raises `StaleForm`, `TrappedForm`, or what reading a request that is too large raises.
        """
        fields = {name: value.strip() for name, value in request.form.items()}
        self.forms.check(form, fields)
        return fields


def open_public(settings: Settings, database: Database, strangers: Strangers) -> Public:
    """Raises `MasterKeyError`."""
    keyring, own = open_keyring(settings), settings.public
    most = {Visit.LOOK: own.pages_per_hour, Visit.SEND: own.forms_per_hour}
    return Public(
        settings=settings,
        database=database,
        keyring=keyring,
        strangers=strangers,
        visits=Visits(database, keyring.subkey(_VISITS), most),
        forms=Forms(keyring.subkey(_FORMS)),
    )
