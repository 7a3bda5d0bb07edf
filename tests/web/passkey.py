"""A passkey in software, for tests: what a device signs, as the browser hands it on."""

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

ORIGIN = "http://localhost"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def coded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class SoftPasskey:
    """One key pair, and how often it signed."""

    def __init__(self, *, counts: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.counts, self.count, self.user = counts, 0, ""

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
        ).encode()

    def _next(self) -> int:
        self.count += self.counts
        return self.count

    def create(self, options: dict, origin: str = ORIGIN) -> str:
        """Answer to being set up."""
        asked = options["publicKey"]
        self.user = asked["user"]["id"]
        client = self._client("webauthn.create", asked["challenge"], origin)
        credential = AttestedCredentialData.create(
            b"\0" * 16, self.id, ES256.from_cryptography_key(self.key.public_key())
        )
        data = AuthenticatorData.create(
            hashlib.sha256(b"localhost").digest(),
            PRESENT | VERIFIED | ATTESTED,
            self._next(),
            credential,
        )
        return json.dumps({
            "type": "public-key", "id": coded(self.id), "rawId": coded(self.id),
            "response": {
                "clientDataJSON": coded(client),
                "attestationObject": coded(bytes(AttestationObject.create("none", data, {}))),
            },
            "clientExtensionResults": {"credProps": {"rk": True}},
        })  # fmt: skip

    def sign(self, options: dict, *, origin: str = ORIGIN, verified: bool = True) -> str:
        """Answer to being asked who one is."""
        asked = options["publicKey"]
        client = self._client("webauthn.get", asked["challenge"], origin)
        flags = PRESENT | (VERIFIED if verified else 0)
        data = hashlib.sha256(b"localhost").digest() + struct.pack(">BI", flags, self._next())
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return json.dumps({
            "type": "public-key", "id": coded(self.id), "rawId": coded(self.id),
            "response": {
                "clientDataJSON": coded(client), "authenticatorData": coded(data),
                "signature": coded(signed), "userHandle": self.user,
            },
            "clientExtensionResults": {},
        })  # fmt: skip
