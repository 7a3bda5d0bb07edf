"""TLS client certificates that stand for devices, from a private authority of this installation.

The authority's key lies in the data folder, readable for its owner alone. A certificate and its
private key leave the machine once, in a PKCS#12 file under a password that is shown once; nothing
of that private key stays here. X.509 (RFC 5280), PKCS#12 (RFC 7292).
"""

import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings
from django.utils.translation import gettext_noop

from renkei.device.keys import stored_certificate
from renkei.device.models import Certificate, Device, DeviceKey
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.people.models import Session
from renkei.policy.use_case import Change, use_case

AUTHORITY_DAYS: Final = 3650
DAYS: Final = 397
LIST_DAYS: Final = 30  # of the revocation list; it is written anew long before
_PEM: Final = serialization.Encoding.PEM


def folder() -> Path:
    """Where the authority lies."""
    return Path(settings.DATA) / "device-ca"


def authority_file() -> Path:
    """The authority's certificate, for the proxy."""
    return folder() / "ca.pem"


def revocation_file() -> Path:
    """What has been revoked, for the proxy."""
    return folder() / "revoked.pem"


def write_new(path: Path, data: bytes) -> None:
    """Write a file for its owner alone.

    Raises:
        FileExistsError: it is there already, or a link to somewhere.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _usage(*, signing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signing,
        key_cert_sign=signing,
        crl_sign=signing,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def make_authority() -> bool:
    """Make the private authority; False if there is one already, which stays as it is."""
    if authority_file().exists():
        return False
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name("Renkei devices"))
        .issuer_name(_name("Renkei devices"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signing=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )
    write_new(
        folder() / "ca.key",
        key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    write_new(authority_file(), certificate.public_bytes(_PEM))
    write_revocations()
    return True


def _authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    try:
        key = serialization.load_pem_private_key((folder() / "ca.key").read_bytes(), None)
        certificate = x509.load_pem_x509_certificate(authority_file().read_bytes())
    except FileNotFoundError:
        raise Problem(gettext_noop("There is no authority yet: renkei device ca")) from None
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key, certificate


@dataclass(frozen=True, slots=True)
class Issued:
    """What leaves the machine, once."""

    id: UUID
    bundle: bytes  # PKCS#12: certificate, its private key, the authority
    password: str
    fingerprint: str
    not_after: datetime


def make_certificate(device: Device) -> Issued:
    """A certificate for a device; it opens nothing before ``certify`` has recorded it."""
    authority_key, authority = _authority()
    key = ec.generate_private_key(ec.SECP256R1())
    issued, now = uuid7(), clock.now()
    not_after = min(now + timedelta(days=DAYS), authority.not_valid_after_utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(f"Renkei {device.number}"))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(issued.int)
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signing=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), False
        )
        .sign(authority_key, hashes.SHA256())
    )
    password = secrets.token_urlsafe(15)
    bundle = pkcs12.serialize_key_and_certificates(
        f"Renkei {device.number}".encode(),
        key,
        certificate,
        [authority],
        serialization.BestAvailableEncryption(password.encode()),
    )
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    return Issued(issued, bundle, password, fingerprint, not_after)


def write_revocations() -> int:
    """Write the revocation list for the proxy in one step; returns how many stand on it."""
    key, authority = _authority()
    now = clock.now()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now - timedelta(minutes=5))
        .next_update(now + timedelta(days=LIST_DAYS))
    )
    revoked = Certificate.objects.exclude(revoked_at=None).filter(not_after__gt=now)
    count = 0
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.id.int)
        builder = builder.add_revoked_certificate(entry.revocation_date(one.revoked_at).build())
        count += 1
    fresh = revocation_file().with_suffix(f".{os.getpid()}")
    fresh.unlink(missing_ok=True)
    write_new(fresh, builder.sign(key, hashes.SHA256()).public_bytes(_PEM))
    fresh.replace(revocation_file())
    return count


def _device(change: Change, device: UUID) -> Device:
    found = Device.objects.select_for_update().get(pk=device)
    change.stream = f"organization:{found.organization_id.hex}"
    change.about("Device", found.id)
    return found


@use_case("device.certify", on="region")
def certify(change: Change, *, device: UUID, issued: Issued) -> None:
    """Let a certificate stand for a device from now on.

    Raises:
        Problem: the device is lost, blocked or out of use.
    """
    found = _device(change, device)
    if found.state not in Device.OPENS:
        raise Problem(gettext_noop("The state of this device has changed. Please look again."))
    Certificate.objects.create(
        id=issued.id,
        device=found,
        fingerprint=issued.fingerprint,
        not_after=issued.not_after,
        issued_at=change.now,
    )
    DeviceKey.objects.create(
        id=issued.id,
        device=found,
        label="TLS",
        secret=stored_certificate(issued.fingerprint),
        made_at=change.now,
    )
    change.detail |= {"did": "certified", "fingerprint": issued.fingerprint}


@use_case("device.certify", on="region")
def revoke(change: Change, *, device: UUID) -> int:
    """Revoke all certificates of a device; whoever works by one is out at once."""
    found = _device(change, device)
    valid = Certificate.objects.filter(device=found, revoked_at=None)
    ids = list(valid.values_list("pk", flat=True))
    valid.update(revoked_at=change.now)
    DeviceKey.objects.filter(pk__in=ids, ended_at=None).update(ended_at=change.now)
    sessions = Session.objects.filter(device_key_id__in=ids)
    accounts = set(sessions.values_list("account", flat=True))
    sessions.delete()
    for account in accounts:
        change.end_standings(account=account)
    change.detail |= {"did": "certificates_revoked", "count": len(ids)}
    return len(ids)
