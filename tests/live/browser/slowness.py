"""A browser far away and with little processor, where what a test does not wait for has not come yet.

`SLOW_BROWSER=8 python -m pytest tests/live/browser`, beside other work, finds what is looked at once.
"""

from __future__ import annotations

import os

from playwright.sync_api import Page

_LATENCY_MS = 300


def slowed(page: Page) -> Page:
    """The same page; where SLOW_BROWSER says how many times, on a slower processor and over a slow line."""
    rate = float(os.environ.get("SLOW_BROWSER", "1"))
    if rate > 1:
        browser = page.context.new_cdp_session(page)
        browser.send("Emulation.setCPUThrottlingRate", {"rate": rate})
        browser.send("Network.enable")
        far = {"offline": False, "latency": _LATENCY_MS, "downloadThroughput": -1, "uploadThroughput": -1}
        browser.send("Network.emulateNetworkConditions", far)
    return page
