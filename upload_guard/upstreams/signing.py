"""Signs what goes to a sidecar, as `upload_guard.signing` says."""

from __future__ import annotations

from dataclasses import dataclass

from requests import PreparedRequest
from requests.auth import AuthBase

from upload_guard.signing import Credentials, Request, sign


@dataclass(frozen=True, slots=True)
class Signing(AuthBase):
    """Signs a request whose body has this SHA-256 (hex) as it is sent."""

    credentials: Credentials
    digest: str

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        asked = Request(request.method or "", request.path_url)
        request.headers["Authorization"] = sign(self.credentials, asked, self.digest).header()
        return request
