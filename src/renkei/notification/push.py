"""Pushing to a browser: encrypted for it alone (RFC 8291), signed by this installation (RFC 8292).

The push service learns the address of the browser, the time, how urgent it is and a length that is
always the same. What it carries names nobody either: words everybody gets, and a number.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPException
from typing import Any, Final

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from renkei.kernel import clock
from renkei.notification.endpoints import NotAllowed, checked, connected
from renkei.notification.models import Subscription
from renkei.notification.push_keys import decoded

TTL: Final = timedelta(hours=12)  # a device that is off for longer is told anew by what comes then
TOPIC: Final = "news"  # of several that a device has not taken yet, the newest alone is kept
SIZE: Final = 256  # bytes of every payload
_SIGNED_FOR: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one push.

    Args:
        word: sent; gone, never again to this one; later; or refused, which may be our own fault.
        after: seconds the push service asks to wait.
    """

    word: str
    after: int = 0


def payload(text: str, body: str, count: int, letter: str) -> bytes:
    """What the service worker shows: words without content, and how many entries are unread."""
    said = {"title": text, "body": body, "count": count, "letter": letter}
    found = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return found.ljust(SIZE, b" ")


@dataclass(frozen=True, slots=True)
class Target:
    """One browser and what is needed to reach it, unsealed: for a thread that asks no database."""

    endpoint: str
    p256dh: str
    auth: str
    private: str  # of the key with which it subscribed


def target(to: Subscription) -> Target:
    """What is needed to reach a browser.

    Raises:
        Erased, Tampered: as ``vault.unseal``.
    """
    held: dict[str, str] = to.unseal("endpoint_sealed")
    return Target(**held, private=to.push_key.unseal("private_sealed")["private"])


def push(to: Target, content: bytes, *, urgent: bool, contact: str) -> Outcome:
    """Send it to one browser.

    Args:
        contact: the address of who runs this, which push services ask for.
    """
    try:
        parts = checked(to.endpoint)
        body = encrypt(content, to.p256dh, to.auth)
        headers = {
            "Authorization": authorization(to.private, f"{parts.scheme}://{parts.netloc}", contact),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(TTL.total_seconds())),
            "Topic": TOPIC,
            "Urgency": "high" if urgent else "normal",
        }
        link = connected(parts)
        try:
            path = parts._replace(scheme="", netloc="", fragment="").geturl()
            link.request("POST", path or "/", body=body, headers=headers)
            answer = link.getresponse()
            answer.read(10_000)
        finally:
            link.close()
    except (NotAllowed, ValueError):
        return Outcome("gone")
    except (OSError, HTTPException):
        return Outcome("later")
    return _outcome(answer.status, answer.headers.get("Retry-After", ""))


def _outcome(status: int, after: str) -> Outcome:
    """What an answer means (RFC 8030); redirects are not followed."""
    if 200 <= status < 300:
        return Outcome("sent")
    if status == 429 or status >= 500:
        return Outcome("later", min(int(after), 86_400) if after.isdecimal() else 0)
    return Outcome("gone" if status in (404, 410) else "refused")


def encrypt(content: bytes, p256dh: str, auth: str) -> bytes:
    """Encrypt it for a browser, with a key of its own each time.

    Raises:
        ValueError: the browser's keys are none.
    """
    try:
        found: bytes = http_ece.encrypt(
            content,
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=decoded(p256dh),
            auth_secret=decoded(auth),
            version="aes128gcm",
        )
    except http_ece.ECEException as error:
        raise ValueError(str(error)) from None
    return found


def authorization(private: str, origin: str, contact: str) -> str:
    """The header that says which installation sends this, good for half a day at this service."""
    until = int((clock.now() + _SIGNED_FOR).timestamp())
    signer: Any = Vapid02.from_raw(private.encode())
    signer.conf = {"no-strict": True}  # whatever the region's address looks like
    signed = signer.sign({"aud": origin, "exp": until, "sub": f"mailto:{contact}"})
    return str(signed["Authorization"])
