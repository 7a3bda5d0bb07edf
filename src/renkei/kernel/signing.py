"""Signing what has to be recognised as this installation's own: heads of the trail, manifests.

The private key lies in the data folder; whoever keeps signed things notes the public key once, so
that a later forgery on the machine itself is found. Ed25519, RFC 8032.
"""

from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from renkei.kernel import durable


def key_file() -> Path:
    """Where the private key lies."""
    return Path(settings.DATA) / "signing.key"


def _private_key() -> Ed25519PrivateKey:
    path = key_file()
    if not path.exists():
        private = Ed25519PrivateKey.generate()
        durable.put_first(path, b64encode(private.private_bytes_raw()) + b"\n")
    return Ed25519PrivateKey.from_private_bytes(b64decode(path.read_text()))


def public_key() -> str:
    """What the signatures of this installation are checked with, in base64; made on first use."""
    return _public(_private_key())


def public_key_of(kept: str) -> str:
    """The public key that belongs to what is kept in a file such as ``key_file``.

    Raises:
        ValueError: it is no private key; never says what stood there.
    """
    try:
        private = Ed25519PrivateKey.from_private_bytes(b64decode(kept))
    except ValueError:
        raise ValueError("not a signing key") from None
    return _public(private)


def _public(private: Ed25519PrivateKey) -> str:
    return b64encode(private.public_key().public_bytes_raw()).decode()


def sign(data: bytes) -> str:
    """The signature of these bytes, in base64."""
    return b64encode(_private_key().sign(data)).decode()


def is_signed(data: bytes, signature: str, *, by: str) -> bool:
    """Whether the owner of the public key ``by`` signed these bytes; both in base64."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(by, validate=True))
        key.verify(b64decode(signature, validate=True), data)
    except (InvalidSignature, ValueError):
        return False
    return True
