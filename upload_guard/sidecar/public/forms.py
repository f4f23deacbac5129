"""Forms of strangers: a token that says that the form came from here, lately, and a field nobody sees.

There is no session that a token could belong to, and nothing in the browser: whoever sends a form has no
rights that another site could borrow. The token keeps out what posts without ever having seen the form.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from werkzeug.exceptions import BadRequest

from upload_guard.moments import utc_now

TOKEN, TRAP = "form_token", "homepage"
_LASTS = timedelta(hours=12)
_NONCE_BYTES, _TIME_BYTES, _DIGEST_BYTES = 12, 6, 32


class StaleForm(BadRequest):
    """A form without its token, with another's, or one that was open for too long."""


class TrappedForm(BadRequest):
    """The field that nobody sees was filled in."""


@dataclass(frozen=True, slots=True)
class Forms:
    """Tokens under `key`, which all workers of an installation have."""

    key: bytes = field(repr=False)
    now: Callable[[], datetime] = field(default=utc_now)

    def token(self, form: str) -> str:
        """One for the form of this name."""
        made = int(self.now().timestamp()).to_bytes(_TIME_BYTES)
        said = made + secrets.token_bytes(_NONCE_BYTES)
        return base64.urlsafe_b64encode(said + self._digest(form, said)).decode()

    def check(self, form: str, fields: Mapping[str, str]) -> None:
        """Raises `StaleForm` or `TrappedForm`."""
        if fields.get(TRAP):
            raise TrappedForm
        try:
            whole = base64.urlsafe_b64decode(fields.get(TOKEN, "").encode())
        except (binascii.Error, ValueError):
            raise StaleForm from None
        said, digest = whole[:-_DIGEST_BYTES], whole[-_DIGEST_BYTES:]
        if not hmac.compare_digest(self._digest(form, said), digest) or not self._is_fresh(said):
            raise StaleForm

    def _is_fresh(self, said: bytes) -> bool:
        age = self.now().timestamp() - int.from_bytes(said[:_TIME_BYTES])
        return age < _LASTS.total_seconds()

    def _digest(self, form: str, said: bytes) -> bytes:
        return hmac.digest(self.key, form.encode() + b"\0" + said, "sha256")
