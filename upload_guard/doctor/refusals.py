"""What to do where a sidecar is there and does not take what a site asks, by the code that it answers."""

from __future__ import annotations

REFUSALS = {
    "unauthorized": "make a key at the sidecar ('upload-guard key new SITE') and write it into [service]",
    "clock_skew": "set both clocks by NTP",
    "body_altered": "something between changes bodies: connect to the sidecar directly",
    "site_mismatch": "set site to the name that the key was made for, or make another key",
    "scope_missing": "the key may not check: make one by 'upload-guard key new SITE'",
    "locked_out": "wait for [limits] lock_out seconds, and correct the key first",
    "rate_limited": "wait a moment; raise [limits] rate at the sidecar if that happens often",
}


def advice_on(code: str) -> str:
    return REFUSALS.get(code, "see the sidecar's log")
