"""The sidecar that this site asks: whether it is there, whether it is ready, whether the clocks agree."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import requests

from upload_guard.doctor.asked import object_of
from upload_guard.doctor.refusals import advice_on
from upload_guard.doctor.steps import Said, State, Step, broken, odd, taken, well
from upload_guard.service_settings import ServiceSettings
from upload_guard.signing import EMPTY_DIGEST, WINDOW
from upload_guard.upstreams.signing import Signing

_ADVICE = "see that the sidecar runs ('upload-guard serve') and that service.url is its address"
_NEARLY = 30


def sidecar_steps(service: ServiceSettings) -> Iterator[Step]:
    reached = taken("sidecar", lambda: _reached(service), _ADVICE)
    yield reached
    if reached.said.state is State.BROKEN:
        return
    yield taken("clocks", lambda: _clocks(service), _ADVICE)
    yield taken("health", lambda: _health(service), _ADVICE)


def _reached(service: ServiceSettings) -> Said:
    answer = _get(service, "/live")
    if isinstance(answer, Said):
        return answer
    if answer.status_code != requests.codes.ok or object_of(answer).get("status") != "live":
        return broken(
            f"{service.url} answers, and not as a sidecar does (status {answer.status_code})", _ADVICE
        )
    return well(f"{service.url} answers")


def _clocks(service: ServiceSettings) -> Said:
    answer = _get(service, "/live")
    if isinstance(answer, Said):
        return answer
    try:
        skew = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp() - time.time()
    except ValueError:
        return odd("the sidecar tells no time", "let the Date header through whatever stands between")
    told = f"the sidecar's clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > WINDOW:
        return broken(f"{told}, over the {WINDOW} s that signatures may differ", "set both clocks by NTP")
    return odd(told, "set both clocks by NTP") if abs(skew) > _NEARLY else well(told)


def _health(service: ServiceSettings) -> Said:
    signing = Signing(service.credentials, EMPTY_DIGEST) if service.credentials else None
    answer = _get(service, "/healthz", signing)
    if isinstance(answer, Said):
        return answer
    said = object_of(answer)
    if code := said.get("code"):
        return broken(f"the sidecar refuses this key ({code})", advice_on(str(code)))
    faults = [f"{one['name']}: {one['fault']}" for one in said.get("probes", []) if one.get("fault")]
    warnings = [str(one) for one in said.get("warnings", [])]
    if said.get("status") != "ready":
        return broken(
            "; ".join(["the sidecar is not ready", *faults]),
            "run 'upload-guard doctor' there, and see its log",
        )
    if warnings:
        return odd("; ".join(warnings), "run 'upload-guard doctor' at the sidecar")
    more = "" if "probes" in said else "; a key with the scope details would tell more"
    return well(f"the sidecar is ready{more}")


def _get(service: ServiceSettings, path: str, auth: Signing | None = None) -> requests.Response | Said:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(service.authority) if service.authority else True
        try:
            return session.get(
                service.url + path,
                auth=auth,
                timeout=(service.connect_timeout, service.timeout),
                allow_redirects=False,
            )
        except requests.exceptions.SSLError:
            return broken(
                f"the certificate of {service.url} is not trusted",
                "name it in service.authority, or let service.url have the name that it was made out for",
            )
        except requests.Timeout:
            return broken(f"{service.url} does not answer in time", _ADVICE)
        except requests.RequestException as fault:
            return broken(f"nobody answers at {service.url} ({type(fault).__name__})", _ADVICE)
