"""What a browser asks for and complains of while it shows pages."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

# Chromium says this of every answer that is an error; `Watch` tells those apart itself.
_OF_A_STATUS = "Failed to load resource: the server responded with a status of"


# Neither frozen nor slotted: playwright notes on whoever listens that it does.
@dataclass
class Watch:
    """Fills while `context` is used: addresses beyond `origin`, errors on the console, refused pages.

    What breaks the content security policy is an error on the console.
    """

    origin: str
    context: BrowserContext
    strays: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)

    def begin(self) -> None:
        self.context.on("request", self._asked)
        self.context.on("response", self._answered)
        self.context.on("console", self._said)
        self.context.on("weberror", self._failed)

    def refused(self) -> list[int]:
        """The statuses of pages that were errors, so far; a test that expects some takes them from here."""
        taken = list(self.refusals)
        self.refusals.clear()
        return taken

    def complaints(self) -> list[str]:
        """Whatever should not have been."""
        return [*self.strays, *self.errors, *(f"a page was refused: {status}" for status in self.refusals)]

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(f"{self.origin}/"):
            self.strays.append(f"asked for {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status < 400:
            return
        if response.request.is_navigation_request():
            self.refusals.append(response.status)
        else:
            self.errors.append(f"{response.status} for {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_OF_A_STATUS):
            self.errors.append(f"{message.text} on {message.page.url if message.page else 'no page'}")

    def _failed(self, error: WebError) -> None:
        self.errors.append(f"{error.error.message} on {error.page.url if error.page else 'no page'}")
