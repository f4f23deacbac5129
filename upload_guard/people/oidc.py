"""Logging in by another service: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636), state and nonce.

Of this library (Authlib) the session, and the claims of an id token; where they are asked for, what is signed
how, and what is compared with what stands here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from upload_guard.errors import LogInFailed, Unavailable
from upload_guard.people.roles import Role
from upload_guard.people.vouched import Departure, Vouched

_WELL_KNOWN = "/.well-known/openid-configuration"
# Signed by a key that only the service has; never "none", and no secret that is shared.
_ALGORITHMS = ("RS256", "RS512", "PS256", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_TIMEOUT = 10.0
_LEEWAY = 60
_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class Client:
    """This installation as the service knows it, and what of its word counts here.

    `roles` has a role for a value of the claim `role_claim`; the first that somebody has counts.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    name_claim: str
    role_claim: str
    roles: Mapping[str, Role]


@dataclass(frozen=True, slots=True)
class Provider:
    """The service, asked anew each time: nothing of it is kept in a process."""

    client: Client

    def depart(self) -> Departure:
        """Send somebody off. Raises `Unavailable`."""
        state, nonce, verifier = (generate_token(48) for _ in range(3))
        with self._session() as session:
            url, _ = session.create_authorization_url(
                self._metadata(session)["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=verifier,
            )
        return Departure(url, state, nonce, verifier)

    def arrive(self, left: Departure, state: str, code: str) -> Vouched:
        """Who came back with that `code`. Raises `LogInFailed` and `Unavailable`."""
        if not code or state != left.state:
            raise LogInFailed("oidc: not what was asked for came back")
        with self._session() as session:
            metadata = self._metadata(session)
            token = self._token(session, metadata, left, code)
            keys = _keys_in(_got(session, metadata.get("jwks_uri", "")))
        claims = self._claims(token, keys, left)
        return Vouched(
            subject=f"{self.client.issuer} {claims['sub']}",
            name=str(claims.get(self.client.name_claim, "")).strip().lower(),
            role=self._role(claims.get(self.client.role_claim)),
        )

    def _session(self) -> OAuth2Session:
        own = self.client
        return OAuth2Session(
            own.client_id,
            own.client_secret or None,
            token_endpoint_auth_method="client_secret_basic" if own.client_secret else "none",
            scope="openid profile email",
            redirect_uri=own.redirect_uri,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT,
        )

    def _metadata(self, session: OAuth2Session) -> dict[str, Any]:
        found = _got(session, f"{self.client.issuer}{_WELL_KNOWN}")
        # Discovery 1.0, 4.3: else one service could speak as another.
        if found.get("issuer") != self.client.issuer:
            raise Unavailable(f"oidc: {self.client.issuer} says it is {str(found.get('issuer'))[:200]!r}")
        missing = {"authorization_endpoint", "token_endpoint", "jwks_uri"} - found.keys()
        if missing:
            raise Unavailable(f"oidc: {self.client.issuer} names no {', '.join(sorted(missing))}")
        return found

    def _token(
        self, session: OAuth2Session, metadata: Mapping[str, Any], left: Departure, code: str
    ) -> dict[str, Any]:
        try:
            token = session.fetch_token(
                metadata["token_endpoint"],
                code=code,
                code_verifier=left.verifier,
                grant_type="authorization_code",
                allow_redirects=False,
            )
        except OAuthError as error:
            raise LogInFailed(f"oidc: the code was not taken: {error.error}") from error
        except (requests.RequestException, ValueError) as error:
            raise Unavailable(f"oidc: {type(error).__name__} at the token endpoint") from error
        if not isinstance(token.get("id_token"), str):
            raise LogInFailed("oidc: no id token came")
        return dict(token)

    def _claims(self, token: Mapping[str, Any], keys: KeySet, left: Departure) -> CodeIDToken:
        own = self.client
        try:
            signed = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS)
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                # What this library compares by itself leaves the audience open where azp is right.
                {
                    "iss": {"essential": True, "value": own.issuer},
                    "aud": {"essential": True, "value": own.client_id},
                },
                {"nonce": left.nonce, "client_id": own.client_id, "access_token": token.get("access_token")},
            )
            claims.validate(leeway=_LEEWAY)
        # Whatever is odd about what strangers wrote, it is no log-in.
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise LogInFailed(f"oidc: a bad id token: {type(error).__name__}: {error}") from error
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise LogInFailed("oidc: a bad id token: no subject")
        return claims

    def _role(self, claimed: object) -> Role | None:
        values = claimed if isinstance(claimed, list) else [claimed]
        return next((role for value, role in self.client.roles.items() if value in values), None)


def _got(session: OAuth2Session, url: str) -> dict[str, Any]:
    try:
        with session.get(url, withhold_token=True, allow_redirects=False, stream=True) as answer:
            answer.raise_for_status()
            body = answer.raw.read(_MOST + 1, decode_content=True)
            found = json.loads(body) if len(body) <= _MOST else None
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(f"oidc: {url[:200]}: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise Unavailable(f"oidc: {url[:200]}: not what was asked for")
    return found


def _keys_in(found: Mapping[str, Any]) -> KeySet:
    try:
        return KeySet.import_key_set(cast(Any, found))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Unavailable(f"oidc: keys that cannot be read: {type(error).__name__}") from error
