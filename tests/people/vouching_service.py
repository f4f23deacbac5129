"""A service for OpenID Connect on loopback, which can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "upload-guard", "between the two of us"
Claims = dict[str, Any]


def as_is(claims: Claims) -> Claims:
    return claims


@dataclass
class Service:
    """`bend` changes the claims before they are signed, `sign` signs them; both do right by default."""

    issuer: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    claims: Claims = field(
        default_factory=lambda: {"sub": "4711", "preferred_username": "Nora", "groups": ["ug-review"]}
    )
    bend: Callable[[Claims], Claims] = as_is
    bend_metadata: Callable[[Claims], Claims] = as_is
    sign: Callable[[Claims], str] | None = None
    answer: Callable[[], tuple[int, bytes]] | None = None
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """By code: what the browser brought to the authorization endpoint."""
    redeemed: list[str] = field(default_factory=list)

    def visit(self, url: str) -> str:
        """Somebody logs in there: the address that their browser is sent back to."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_hex(8)
        self.asked[code] = query
        return f"{query['redirect_uri']}?code={code}&state={query['state']}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        asked = self.asked.get(form.get("code", ""))
        verifier = form.get("code_verifier", "")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {basic}":
            return 401, {"error": "invalid_client"}
        if (
            asked is None
            or form["code"] in self.redeemed
            or asked.get("code_challenge_method") != "S256"
            or challenge != asked.get("code_challenge")
            or form.get("redirect_uri") != asked["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        self.redeemed.append(form["code"])
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
        }
        sign = self.sign or self.signed
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": sign(self.bend(claims))}

    def signed(self, claims: Claims, kid: str = "one") -> str:
        return jwt.encode({"alg": "RS256", "kid": kid}, claims, self.key)

    def by_another_key(self, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))

    def by_an_unknown_key(self, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": "two"}, claims, RSAKey.generate_key(2048, {"kid": "two"}))

    def by_nobody(self, claims: Claims) -> str:
        def part(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

        return f"{part({'alg': 'none'})}.{part(claims)}."

    def by_the_secret(self, claims: Claims) -> str:
        return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(CLIENT_SECRET))

    def metadata(self) -> Claims:
        return self.bend_metadata(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        )


@contextmanager
def vouching_service() -> Iterator[Service]:
    """Runs until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                self._answer(200, service.metadata())
            elif self.path == "/keys":
                self._answer(200, {"keys": [service.key.as_dict(private=False)]})
            elif self.path.startswith("/authorize?"):
                # Whoever comes is logged in there already.
                self.send_response(302)
                self.send_header("Location", service.visit(self.path))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            if service.answer is not None:
                self._send(*service.answer())
            else:
                self._answer(*service.token(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, said: Claims) -> None:
            self._send(status, json.dumps(said).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
