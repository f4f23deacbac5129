"""Gathers the uploads of one request: files, and files carried in texts, under bounds for all together."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from upload_guard.digests import digest_stream
from upload_guard.errors import BodyTooLarge
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.intake.body import Spool, SpoolSlice
from upload_guard.intake.carriers import CARRIERS, carrier_of
from upload_guard.intake.carriers.protocol import Carrier
from upload_guard.intake.encodings import payloads, worth_checking
from upload_guard.intake.forms import Part
from upload_guard.intake.pieces import FIELD_NAMES
from upload_guard.intake.rules import IntakeRule
from upload_guard.records import Digests, Source, Upload

_LONGEST_FIELD = 4096
_URL_ENCODED = next(carrier for carrier in CARRIERS if carrier.name == "urlencoded")


class Collector:
    """`uploads` in the order in which they were found; `fields` are those that may tell of pieces."""

    def __init__(self, rule: IntakeRule, source: Source, new_spool: Callable[[], Spool]) -> None:
        self.uploads: list[Upload] = []
        self.fields: dict[str, str] = {}
        self._rule = rule
        self._source = source
        self._new_spool = new_spool
        self._carried: Spool | None = None
        self._seen: set[bytes] = set()

    def add_part(self, part: Part) -> None:
        """A part of a form. Browsers send an empty file without a name where none was chosen."""
        if part.is_file:
            if part.file_name or part.digests.size:
                self._add(part.content, part.digests, part.file_name, part.media_type)
            return
        if part.name in FIELD_NAMES and part.digests.size <= _LONGEST_FIELD:
            with part.content.open() as value:
                self.fields[part.name] = value.read().decode("latin-1")
        self._add_field(part.content, part.digests, part.media_type)

    def add_body(self, content: SpoolSlice, digests: Digests, content_type: str) -> None:
        """A body that is no form: one file, unless it is in a notation for fields."""
        head, media_type, carrier = self._described(content, content_type)
        if worth_checking(head) or not _declares_fields(media_type):
            self._add(content, digests, "", content_type)
        if sniff(head) is not None:
            # What claims to be an image and is none does not decode, and is held for that.
            return
        if carrier:
            self._search(carrier, content, media_type)
        if _URL_ENCODED.name in self._rule.carriers and carrier is not _URL_ENCODED and _has_pairs(head):
            # Bottle reads fields in a body of any type.
            self._search(_URL_ENCODED, content, media_type)

    def _add_field(self, content: SpoolSlice, digests: Digests, content_type: str) -> None:
        head, media_type, carrier = self._described(content, content_type)
        if worth_checking(head):
            self._add(content, digests, "", content_type)
        if carrier and sniff(head) is None:
            self._search(carrier, content, media_type)

    def _described(self, content: SpoolSlice, content_type: str) -> tuple[bytes, str, Carrier | None]:
        """Its first bytes, its media type without parameters, and the carrier that reads it."""
        head, media_type = _head(content), content_type.partition(";")[0].strip().lower()
        return head, media_type, carrier_of(media_type, head, self._rule.carriers)

    def _search(self, carrier: Carrier, content: SpoolSlice, media_type: str) -> None:
        if content.size > self._rule.limits.max_text:
            if not _declares_fields(media_type) and carrier.name != "xml":
                return
            raise BodyTooLarge(f"{content.size} bytes of {carrier.name} are over intake.max_text")
        with content.open() as stream:
            body = stream.read()
        for text in carrier.texts(body):
            for found in payloads(text):
                self._add_carried(found)

    def _add_carried(self, data: bytes) -> None:
        digests = digest_stream(BytesIO(data))
        if digests.sha256 in self._seen:
            return
        self._seen.add(digests.sha256)
        spool = self._carried = self._carried or self._new_spool()
        if spool.size + len(data) > self._rule.limits.max_inflated:
            raise BodyTooLarge("the files carried in texts are over intake.max_inflated")
        start = spool.size
        spool.write(data)
        self._add(spool.slice(start, len(data)), digests, "", "")

    def _add(self, content: SpoolSlice, digests: Digests, file_name: str, media_type: str) -> None:
        if len(self.uploads) >= self._rule.limits.max_files:
            raise BodyTooLarge("more files in one request than intake.max_files")
        self.uploads.append(Upload(content, digests, file_name, media_type, self._source))


def _declares_fields(media_type: str) -> bool:
    """What fills in a form is nobody's file: it may be a password, and has no business in a sidecar."""
    return media_type == "application/x-www-form-urlencoded" or media_type.endswith(("/json", "+json"))


def _has_pairs(head: bytes) -> bool:
    return b"=" in head and b"%" in head and b"\0" not in head


def _head(content: SpoolSlice) -> bytes:
    with content.open() as stream:
        return stream.read(HEAD)
