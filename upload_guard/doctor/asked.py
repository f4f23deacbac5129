"""One request to a server that is being examined, and what its answer says of upload_guard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from upload_guard.doctor.steps import Said, broken

_LONGEST = 64


def asked(request: requests.Request, *, authority: Path | None, timeout: float) -> requests.Response | Said:
    """The answer, redirects not followed; or what is said of a server that gives none. Seconds."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(authority) if authority else True
        try:
            return session.send(
                session.prepare_request(request),
                timeout=timeout,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError:
            return broken(
                f"the certificate of {request.url} is not trusted", "name its issuer by --authority FILE"
            )
        except requests.Timeout:
            return broken(f"{request.url} does not answer within {timeout:g} s", "see the server's log")
        except (requests.RequestException, ValueError) as fault:
            return broken(
                f"nobody answers at {request.url} ({type(fault).__name__})",
                "see that the server runs and the address",
            )


def refusal_of(answer: requests.Response) -> tuple[str, str]:
    """Code and case number of an answer by upload_guard; empty for anybody else's."""
    said = object_of(answer)
    if answer.ok or not {"error", "message"} <= said.keys():
        return "", ""
    return short(said["error"]), short(said.get("case", ""))


def object_of(answer: requests.Response) -> Mapping[str, Any]:
    """The JSON object that was answered; an empty one for whatever else was."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def short(told: object) -> str:
    """A stranger's word, no longer than a line bears."""
    return str(told)[:_LONGEST]
