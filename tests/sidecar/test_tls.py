"""The sidecar under TLS of its own, and a site that asks it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.serving import key_of, sidecar, write_config
from tests.support import upload_of
from upload_guard.checkers.line import Line, Sidecar
from upload_guard.checkers.remote import RemoteChecker
from upload_guard.errors import ServiceUnreachable
from upload_guard.records import Result, Source

pytestmark = pytest.mark.live

UPLOAD = upload_of(b"bytes", Source("default", "/upload"))


def write_certificate(folder: Path, valid_for: timedelta = timedelta(days=1)) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key, in PEM."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "upload-guard test")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + valid_for)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def served_by(folder: Path, certificate: tuple[Path, Path], **sidecar: object) -> Path:
    own = {"tls": "own", "certificate": str(certificate[0]), "certificate_key": str(certificate[1])}
    return write_config(folder / "config.toml", {"sidecar": own | sidecar}, data_dir="data")


def test_a_site_asks_a_sidecar_that_has_its_own_certificate(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path)
    config = served_by(tmp_path, certificate, bearer="tls")
    key = key_of(config)
    with sidecar(config) as url:
        assert url.startswith("https://")
        own = Sidecar(url, authority=certificate[0])
        checker = RemoteChecker(Line(own), key)
        assert checker.check(UPLOAD, math.inf).verdict.result is Result.UNCHECKED
        with pytest.raises(ServiceUnreachable, match="SSLError"):
            RemoteChecker(Line(replace(own, authority=None)), key).check(UPLOAD, math.inf)
        with pytest.raises(ServiceUnreachable):
            RemoteChecker(Line(replace(own, url=url.replace("https", "http"))), key).check(UPLOAD, math.inf)
        token = {"Authorization": f"Bearer {key.key_id}.{key.secret}"}
        answer = requests.post(f"{url}/v1/check", b"x", headers=token, verify=str(certificate[0]), timeout=30)
        assert answer.status_code == 200
