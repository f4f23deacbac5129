"""The master key of an installation, and what is sealed under keys derived from it.

Every purpose has a subkey of its own (HKDF-SHA256, RFC 5869), so that what was sealed for one opens for no
other. Sealed bytes, version 1:

    "UG" | 1 | fingerprint of the master key (4) | nonce (12) | AES-256-GCM of the plain bytes, tag (16)

Everything before the nonce, and then the caller's context, is authenticated along. Nonces are random, which
NIST SP 800-38D (8.3) allows for 2^32 messages of one purpose.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from upload_guard.errors import MasterKeyError, SealBroken
from upload_guard.service_settings import MASTER_KEY
from upload_guard.settings import Settings

KEY_FILE = "secret.key"
PREVIOUS_FILE = "previous.key"
SUBKEY_BYTES = 32
_MAGIC = b"UG\x01"
_FINGERPRINT_BYTES = 4
_HEADER_BYTES = len(_MAGIC) + _FINGERPRINT_BYTES
_NONCE_BYTES = 12
_TAG_BYTES = 16
SEAL_BYTES = _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES
"""How much longer sealed bytes are than plain ones."""
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by purpose. `master` is 32 bytes; a purpose is a short, fixed word such as "machine-keys".

    During a rotation what was sealed under the `previous` master key still opens; nothing is sealed under it.
    """

    master: bytes = field(repr=False)
    previous: bytes | None = field(default=None, repr=False)

    def subkey(self, purpose: str) -> bytes:
        """32 bytes that belong to this purpose alone."""
        derived = HKDF(SHA256(), SUBKEY_BYTES, salt=None, info=b"upload_guard/1/" + purpose.encode())
        return derived.derive(self.master)

    @property
    def fingerprint(self) -> bytes:
        """Four bytes that tell one master key from another and nothing else about it."""
        return self.subkey("fingerprint")[:_FINGERPRINT_BYTES]

    def seal(self, purpose: str, plain: bytes, context: bytes) -> bytes:
        """`plain` sealed; `context` (the row or file it belongs to) must be given again to open it."""
        header, nonce = _MAGIC + self.fingerprint, os.urandom(_NONCE_BYTES)
        return header + nonce + AESGCM(self.subkey(purpose)).encrypt(nonce, plain, header + context)

    def open_sealed(self, purpose: str, sealed: bytes, context: bytes) -> bytes:
        """What `seal` was given with this purpose and context. Raises `SealBroken`."""
        header, nonce = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        if len(sealed) < SEAL_BYTES or not header.startswith(_MAGIC):
            raise SealBroken(f"{purpose}: these bytes were not sealed by this release")
        ring = self._that_sealed(header[len(_MAGIC) :])
        if ring is None:
            raise SealBroken(f"{purpose}: sealed under another master key than the one in use")
        try:
            return AESGCM(ring.subkey(purpose)).decrypt(
                nonce, sealed[_HEADER_BYTES + _NONCE_BYTES :], header + context
            )
        except InvalidTag:
            raise SealBroken(f"{purpose}: sealed bytes were altered, or belong elsewhere") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether these sealed bytes name the master key that is sealed under now."""
        return sealed[len(_MAGIC) : _HEADER_BYTES] == self.fingerprint

    def _that_sealed(self, fingerprint: bytes) -> Keyring | None:
        if fingerprint == self.fingerprint:
            return self
        before = Keyring(self.previous) if self.previous is not None else None
        return before if before is not None and before.fingerprint == fingerprint else None


def open_keyring(settings: Settings) -> Keyring:
    """The keyring of an installation: `[keys] master`, `[keys] command`, or a file made once.

    `[keys] previous` goes with them, or a second file while that key is being rotated.

    Raises `MasterKeyError`.
    """
    before = settings.keys.previous.get_secret_value()
    previous = bytes.fromhex(before) if before else None
    if given := settings.keys.master.get_secret_value():
        return Keyring(bytes.fromhex(given), previous)
    if settings.keys.command:
        return Keyring(_printed_by(settings.keys.command, settings.keys.command_timeout), previous)
    file, old = settings.data_dir / KEY_FILE, settings.data_dir / PREVIOUS_FILE
    try:
        if not file.exists():
            _make(file)
        return Keyring(_read(file), _read(old) if previous is None and old.exists() else previous)
    except OSError as error:
        raise MasterKeyError(f"{file}: {error.strerror}") from error


def replace_key_file(folder: Path) -> None:
    """Make a new master key beside the one in `folder`, which becomes the previous one.

    Killed at any moment, it leaves the old key in use or the new one, and the old one never gone. Raises
    `MasterKeyError` where a rotation is under way already.
    """
    file, old = folder / KEY_FILE, folder / PREVIOUS_FILE
    try:
        if not file.exists():
            raise MasterKeyError(f"{file}: there is no key that could be replaced")
        if old.exists() and _read(old) != _read(file):
            raise MasterKeyError(f"{old}: a rotation is under way; 'upload-guard master-key rewrap' goes on")
        if not old.exists():
            os.link(file, old)
            _sync(folder)
        fresh = folder / f".{KEY_FILE}.{secrets.token_hex(8)}"
        _make(fresh)
        fresh.rename(file)
        _sync(folder)
    except OSError as error:
        raise MasterKeyError(f"{file}: {error.strerror}") from error


def forget_previous_file(folder: Path) -> bool:
    """Delete the previous master key; whether there was one. Raises `MasterKeyError`."""
    old = folder / PREVIOUS_FILE
    try:
        there = old.exists()
        old.unlink(missing_ok=True)
        _sync(folder)
    except OSError as error:
        raise MasterKeyError(f"{old}: {error.strerror}") from error
    return there


def _printed_by(command: tuple[str, ...], timeout: float) -> bytes:
    try:
        ran = subprocess.run(  # noqa: S603 - the administrator's own, and no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise MasterKeyError(f"keys.command: {command[0]} took over {timeout:g} s") from None
    except OSError as error:
        raise MasterKeyError(f"keys.command: {command[0]}: {error.strerror}") from error
    if ran.returncode:
        raise MasterKeyError(f"keys.command: {command[0]} ended with exit code {ran.returncode}")
    return _key_in(ran.stdout, f"keys.command: what {command[0]} printed")


def _make(file: Path) -> None:
    """Write a new key whole beside `file`, then give it that name, unless another process was first."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_hex(SUBKEY_BYTES) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        # A link never replaces: of two processes one makes the key, and both read that one.
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink(missing_ok=True)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        if os.fstat(stream.fileno()).st_mode & _OTHERS:
            raise MasterKeyError(f"{file}: others on this machine may read the master key; chmod 600 it")
        return _key_in(stream.read(), str(file))


def _key_in(text: bytes, place: str) -> bytes:
    digits = text.strip().decode("ascii", "replace")
    if not MASTER_KEY.fullmatch(digits):
        raise MasterKeyError(f"{place}: not a master key, which has 64 hexadecimal digits")
    return bytes.fromhex(digits)
