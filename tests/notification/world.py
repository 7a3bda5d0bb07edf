"""A browser with a key of its own, and a push service on this machine that looks at its mail."""

import json
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from renkei.communication.services import send_communication
from renkei.kernel import clock
from renkei.notification.devices import subscribe
from renkei.notification.models import Waiting
from renkei.notification.noticing import Noticing
from renkei.notification.push_keys import current, make_push_key
from renkei.notification.sending import send_due
from renkei.policy.standing import HOST
from tests.cast import Cast


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(coded: str) -> bytes:
    return urlsafe_b64decode(coded + "=" * (-len(coded) % 4))


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


class Browser:
    """What a browser keeps of one subscription."""

    def __init__(self, service: "PushService") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.point = self.key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self.auth = uuid4().bytes
        self.path = f"/{uuid4().hex}"
        self.endpoint = service.origin + self.path

    def opened(self, body: bytes) -> dict[str, Any]:
        """What was pushed, opened as RFC 8291 and RFC 8188 say; written anew for the test."""
        salt, length = body[:16], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), theirs)
        info = b"WebPush: info\x00" + self.point + sender
        secret = _hkdf(self.auth, shared, info, 32)
        key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\x00", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        assert padded[-1] == 2  # the last record
        found: dict[str, Any] = json.loads(padded[:-1])
        return found


@dataclass
class Push:
    path: str
    headers: dict[str, str]
    body: bytes

    def claims(self, public: str) -> dict[str, Any]:
        """What the sender claims, once its signature was looked at (RFC 8292)."""
        scheme, _, rest = self.headers["Authorization"].partition(" ")
        parts = dict(one.split("=", 1) for one in rest.split(","))
        assert (scheme, parts["k"]) == ("vapid", public)
        signed, _, signature = parts["t"].rpartition(".")
        r, s = raw(signature)[:32], raw(signature)[32:]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(public))
        point.verify(
            encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")),
            signed.encode(),
            ec.ECDSA(SHA256()),
        )
        head, body = (json.loads(raw(one)) for one in signed.split("."))
        assert head["alg"] == "ES256"
        return dict(body)


@dataclass
class PushService:
    """Takes what is pushed; ``answers`` says how it answers, 201 once there is nothing left.

    ``taken`` happens between taking a push and answering it, ``answered`` once it was answered.
    """

    origin: str = ""
    got: list[Push] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    taken: Callable[[], None] = lambda: None
    answered: Callable[[], None] = lambda: None


@contextmanager
def push_service() -> Iterator[PushService]:
    service = PushService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.got.append(Push(self.path, dict(self.headers), body))
            service.taken()
            status, headers = service.answers.pop(0) if service.answers else (201, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            with suppress(OSError):  # who asked may have died meanwhile
                self.end_headers()
            service.answered()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


def turn_on(cast: Cast, name: str, service: PushService) -> Browser:
    """Somebody turns notifications on in a browser."""
    make_push_key(HOST, None)
    browser, key = Browser(service), current()
    assert key is not None
    said = subscribe(
        cast[name], None, endpoint=browser.endpoint, p256dh=text(browser.point),
        auth=text(browser.auth), key=key.public,
    )  # fmt: skip
    assert said == key.public
    return browser


def say(
    cast: Cast, name: str, words: str = "お変わりありません", importance: str = "normal"
) -> None:
    """Somebody writes, and the follower hears of it."""
    send_communication(
        cast[name], cast.group, text=words, importance=importance, key=uuid4(), confirmed=True
    )
    Noticing().follow()


def waits(channel: str) -> set[Any]:
    """Who waits to be told by a way."""
    return set(Waiting.objects.filter(channel=channel).values_list("account", flat=True))


def let_it_be_time() -> int:
    """All that waits is due, and sent."""
    Waiting.objects.update(due_at=clock.now())
    return send_due()
