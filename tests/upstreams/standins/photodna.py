"""PhotoDNA Cloud Service: `Match` for the bytes of a picture; a subscription key, a code in each answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.hma import told

DESCRIPTIONS = {
    3000: "OK",
    3002: "Invalid or missing request parameter(s)",
    3004: "Unknown scenario or unhandled error occurred while processing request",
    3206: "The given file could not be verified as an image",
    3208: "Image size in pixels is not within allowed range",
    3209: "Request Size Exceeded",
}


@dataclass(slots=True)
class PhotoDna:
    """`matches` has sources and violations by file, `codes` what is wrong with one."""

    matches: dict[bytes, list[tuple[str, list[str]]]] = field(default_factory=dict)
    codes: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    key: str = "a secret"

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("Ocp-Apim-Subscription-Key") != self.key:
            return told({"statusCode": 401, "message": "Access denied due to invalid subscription key."}, 401)
        if (asked.method, asked.path) != ("POST", "/photodna/v1.0/Match"):
            return told({"statusCode": 404, "message": "Resource not found"}, 404)
        code, status = self.codes.get(asked.body, (3000, 200))
        if code != 3000:
            return told(self._said(code, None, None), status)
        flags = [
            {"AdvancedInfo": [{"Key": "MatchId", "Value": "1"}], "Source": source, "Violations": violations}
            for source, violations in self.matches.get(asked.body, [])
        ]
        return told(self._said(code, bool(flags), {"AdvancedInfo": [], "MatchFlags": flags}))

    def _said(self, code: int, match: bool | None, details: object) -> dict[str, object]:
        return {
            "Status": {"Code": code, "Description": DESCRIPTIONS.get(code, ""), "Exception": None},
            "TrackingId": "1_photodna_a0e3d02b",
            "ContentId": None,
            "IsMatch": match,
            "MatchDetails": details,
        }
