"""Gathers the uploads of one request: files, and files carried in texts, under bounds for all together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain

from upload_guard.digests import digest_of
from upload_guard.errors import AmbiguousRequest, BodyTooLarge, Unreadable
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.intake.body import Spool
from upload_guard.intake.forms import Part
from upload_guard.intake.pieces import FIELD_NAMES, LONGEST_FIELD
from upload_guard.intake.rules import IntakeRule
from upload_guard.records import Digest, Source, Upload
from upload_guard.spans import OpenContent
from upload_guard.texts.carriers import PLAIN_TEXT, URL_ENCODED, carriers_of, holds_fields
from upload_guard.texts.encodings import Finder
from upload_guard.texts.kinds import worth_checking
from upload_guard.texts.plain import looks_like_text
from upload_guard.texts.protocol import Carrier


class Collector:
    """`uploads` in the order in which they were found, and the `files` among them that were sent as such.

    `fields` are those that may tell of pieces, each as often as it was given.
    """

    def __init__(self, rule: IntakeRule, source: Source, new_spool: Callable[[], Spool]) -> None:
        self.uploads: list[Upload] = []
        self.files: list[Upload] = []
        self.fields: list[tuple[str, str]] = []
        self._rule = rule
        self._source = source
        self._new_spool = new_spool
        self._carried: Spool | None = None
        self._finder = Finder()
        self._seen: set[bytes] = set()

    def add_part(self, part: Part) -> None:
        """A part of a form. Browsers send an empty file without a name where none was chosen."""
        if part.is_file:
            if part.file_name or part.digest.size:
                self._add_file(part.content, part.digest, part.file_name, part.media_type)
            if part.file_name:
                return
        # Some frameworks strip names, and take a part with an empty file name for a field.
        name = part.name.strip()
        if name in FIELD_NAMES:
            with part.content.open() as value:
                self.fields.append((name, value.read(LONGEST_FIELD).decode("latin-1")))
        if part.is_file:
            return
        self._add_field(_described(part.content, part.media_type), part.digest)

    def add_body(self, content: OpenContent, digest: Digest, content_type: str) -> None:
        """A body that is no form: fields in a notation of their own, which are searched here, or one file.

        A file that is text is searched where files are opened, and kept as it is; fields are never kept.
        """
        body = _described(content, content_type)
        are_fields = holds_fields(body.media_type)
        if body.may_hold_images or not (are_fields and looks_like_text(body.head)):
            self._add_file(content, digest, "", content_type)
        enabled = self._rule.carriers
        carriers = carriers_of(body.media_type, body.head, enabled) if are_fields else ()
        if URL_ENCODED.name in enabled and URL_ENCODED not in carriers and _has_pairs(body.head):
            # Bottle reads fields in a body of any type.
            carriers = (*carriers, URL_ENCODED)
        if are_fields or content.size <= self._rule.limits.max_text:
            self._search(carriers, body)

    def _add_field(self, field: _Described, digest: Digest) -> None:
        if field.may_hold_images:
            self._add_guess(field.content, digest)
        enabled = self._rule.carriers
        carriers = carriers_of(field.media_type, field.head, enabled)
        if not carriers and PLAIN_TEXT.name in enabled and field.content.size <= self._rule.limits.max_text:
            # It is text to most applications, whatever it looks like.
            carriers = (PLAIN_TEXT,)
        self._search(carriers, field)

    def _search(self, carriers: Sequence[Carrier], body: _Described) -> None:
        if not carriers or (sniff(body.head) is not None and not looks_like_text(body.head)):
            # An image is opened where files are, and what hangs behind it as well.
            return
        if body.content.size > self._rule.limits.max_text:
            raise BodyTooLarge(f"{body.content.size} bytes of {carriers[0].name} are over intake.max_text")
        with body.content.open() as stream:
            data = stream.read()
        try:
            for text in chain.from_iterable(carrier.texts(data) for carrier in carriers):
                for found in self._finder.payloads(text):
                    self._add_carried(found)
        except Unreadable as fault:
            if fault.reason != "entities":
                raise BodyTooLarge(f"the texts in the body cannot be searched: {fault}") from fault
            if holds_fields(body.media_type):
                raise AmbiguousRequest("XML that declares entities") from fault

    def _add_carried(self, data: bytes) -> None:
        digest = digest_of(BytesIO(data))
        if digest.sha256 in self._seen:
            return
        self._seen.add(digest.sha256)
        spool = self._carried = self._carried or self._new_spool()
        if spool.size + len(data) > self._rule.limits.max_inflated:
            raise BodyTooLarge("the files carried in texts are over intake.max_inflated")
        start = spool.size
        spool.write(data)
        self._add_guess(spool.slice(start, len(data)), digest)

    def _add_file(self, content: OpenContent, digest: Digest, file_name: str, media_type: str) -> None:
        if len(self.files) >= self._rule.limits.max_files:
            raise BodyTooLarge("more files in one request than intake.max_files")
        self.files.append(Upload(content, digest, file_name, media_type, self._source))
        self.uploads.append(self.files[-1])

    def _add_guess(self, content: OpenContent, digest: Digest) -> None:
        """What only looks like a file: a person may have pasted the beginning of one."""
        if len(self.uploads) - len(self.files) >= self._rule.limits.max_carried:
            raise BodyTooLarge("more files in the texts of one request than intake.max_carried")
        self.uploads.append(Upload(content, digest, source=self._source, guessed=True))


@dataclass(frozen=True, slots=True)
class _Described:
    """A body or field by its first bytes and its media type in lower case, without parameters."""

    content: OpenContent
    head: bytes
    media_type: str

    @property
    def may_hold_images(self) -> bool:
        return worth_checking(self.head)


def _described(content: OpenContent, content_type: str) -> _Described:
    with content.open() as stream:
        return _Described(content, stream.read(HEAD), content_type.partition(";")[0].strip().lower())


def _has_pairs(head: bytes) -> bool:
    return b"=" in head and (b"%" in head or b"+" in head) and looks_like_text(head)
