"""The master key: what every data key in the key store is wrapped with.

It comes from the first of these that is there: the memory of this process, if custodians brought
it; ``RENKEI_MASTER_KEY``; the file that ``RENKEI_MASTER_KEY_FILE`` names; ``master.key`` among the
credentials systemd gives a service; ``master.key`` in the data folder. Each is one key in base64,
or several, the newest first. Only the last is ours to write.
"""

import ctypes
import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from enum import Enum
from hashlib import sha256
from pathlib import Path
from threading import Lock
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from renkei.kernel import durable
from renkei.kernel.errors import Erased, Tampered
from renkei.kernel.models import DataKey

VARIABLE = "RENKEI_MASTER_KEY"
NEXT, LAST = "master-next", "master-last"
"""Purposes of rows that are master keys: while one is rotated in custody, each under the other."""
WRAPPING = (NEXT, LAST)
_NONCE = 12  # bytes
_LENGTH = 32  # bytes

_lock = Lock()
_masters: "MasterKeys | None" = None
_from_environment = ""  # taken out of it, so that nobody else reads it there
_brought: list[bytes] = []  # by the custodians; nowhere but here


class MasterKeyMissing(Exception):
    """No master key, though there are keys wrapped by one; nothing can be opened."""


class MasterKeyWrong(MasterKeyMissing):
    """The master key is not the one the key store needs."""


class MasterKeyDamaged(MasterKeyMissing):
    """What was given as a master key is none; never says what stood there."""


class MasterKeyExposed(MasterKeyMissing):
    """The file with the master key can be read by others than its owner."""


class InCustody(MasterKeyMissing):
    """The master key is with the custodians; two of them have to bring it."""


class Source(Enum):
    """Where the master key comes from."""

    CUSTODIANS = "custodians"
    ENVIRONMENT = "environment"
    NAMED_FILE = "named file"
    CREDENTIAL = "credential"
    DATA_FOLDER = "data folder"


class MasterKeys:
    """The master keys by fingerprint; the first is the one new keys are wrapped with."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.by_fingerprint = {fingerprint(key): AESGCM(key) for key in keys}
        self.current = fingerprint(keys[0])

    def __repr__(self) -> str:
        return f"<MasterKeys {' '.join(self.by_fingerprint)}>"

    def wrap(self, key_id: UUID, plain: bytes, *, role: bytes = b"") -> bytes:
        """Seal a data key, or in another ``role`` a master key, for the key store."""
        nonce = os.urandom(_NONCE)
        return nonce + self.by_fingerprint[self.current].encrypt(nonce, plain, key_id.bytes + role)

    def unwrap(
        self, key_id: UUID, wrapped: bytes | memoryview | None, master: str, *, role: bytes = b""
    ) -> bytes:
        """The plain key; in another role than it was wrapped for it does not open.

        Raises:
            Erased: the key was destroyed.
            MasterKeyMissing: it was wrapped by a master key that is not here.
            Tampered: the stored bytes were changed.
        """
        if wrapped is None:
            raise Erased(str(key_id))
        if master not in self.by_fingerprint:
            raise MasterKeyMissing(master)
        raw = bytes(wrapped)
        try:
            cipher = self.by_fingerprint[master]
            return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], key_id.bytes + role)
        except (InvalidTag, ValueError) as error:
            raise Tampered(f"key {key_id}") from error


def fingerprint(key: bytes) -> str:
    """What tells master keys apart without telling anything about them."""
    return sha256(b"renkei master " + key).hexdigest()[:16]


# ── Where it comes from ──────────────────────────────────────────────────────────────────────────


def master_key_file() -> Path:
    """Where the master key lies when nothing else gives it."""
    return Path(settings.DATA) / "master.key"


def custody_file() -> Path:
    """The note that the master key is with custodians."""
    return Path(settings.DATA) / "master.custody"


def take_from_environment() -> None:
    """Take the key out of the environment, for this process's memory alone.

    Children do not inherit it, and what the system shows of the environment of this process
    (``/proc/…/environ``, ``ps e``) holds blanks in its place.
    """
    global _from_environment
    if VARIABLE not in os.environ:
        return
    _from_environment = os.environ[VARIABLE]
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    place = libc.getenv(VARIABLE.encode())
    if place:
        ctypes.memset(place, ord(" "), len(os.fsencode(_from_environment)))
    del os.environ[VARIABLE]


def source() -> tuple[Source, Path | None]:
    """Where the master key of this process comes from, and in which file it lies, if in one."""
    take_from_environment()
    if _brought:
        return Source.CUSTODIANS, None
    if _from_environment:
        return Source.ENVIRONMENT, None
    if named := os.environ.get(f"{VARIABLE}_FILE"):
        return Source.NAMED_FILE, Path(named)
    credential = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere")) / "master.key"
    if credential.exists():
        return Source.CREDENTIAL, credential
    return Source.DATA_FOLDER, master_key_file()


def read() -> list[bytes]:
    """The master keys, newest first; none if there is none.

    Raises:
        MasterKeyDamaged: there is something that is no key.
        MasterKeyMissing: the file that should hold it is not there or not readable.
    """
    where, path = source()
    if where is Source.CUSTODIANS:
        return _with_those_handed_over()
    if path is not None:
        return _in_file(where, path)
    if not (found := _keys(_from_environment)):
        raise MasterKeyDamaged
    return found


def _in_file(where: Source, path: Path) -> list[bytes]:
    try:
        found = _keys(path.read_text())
    except FileNotFoundError:
        if where is Source.DATA_FOLDER:
            return []
        raise MasterKeyMissing(str(path)) from None
    except UnicodeDecodeError:
        raise MasterKeyDamaged(str(path)) from None
    except OSError as error:
        raise MasterKeyMissing(str(path)) from error
    if not found:
        raise MasterKeyDamaged(str(path))
    return found


def _keys(text: str) -> list[bytes]:
    try:
        keys = [b64decode(part, validate=True) for part in text.replace(",", " ").split()]
    except ValueError:
        raise MasterKeyDamaged from None
    if any(len(key) != _LENGTH for key in keys):
        raise MasterKeyDamaged
    return keys


def _with_those_handed_over() -> list[bytes]:
    """The keys brought, and what came since: by a rotation under them, in the key file."""
    global _brought
    filed = _in_file(Source.DATA_FOLDER, master_key_file())
    keys = list(dict.fromkeys([*filed, *_brought]))
    held = MasterKeys(keys)
    for stored in DataKey.objects.filter(purpose__in=[NEXT, LAST], master__in=held.by_fingerprint):
        role = stored.purpose.encode()
        key = held.unwrap(stored.id, stored.wrapped, stored.master, role=role)
        if fingerprint(key) not in held.by_fingerprint:
            keys.insert(0 if stored.purpose == NEXT else len(keys), key)
    _brought = keys  # the rows go when the rotation is over
    return keys


def refuse_exposed() -> None:
    """Refuse a key file that others than its owner can read.

    Raises:
        MasterKeyExposed: its permissions are too wide. What systemd gives it guards itself.
    """
    where, path = source()
    if where is Source.CREDENTIAL or path is None or not path.exists():
        return
    if path.stat().st_mode & 0o077:
        raise MasterKeyExposed(str(path))


def write(keys: Sequence[bytes]) -> None:
    """Replace the key file."""
    durable.put(master_key_file(), _as_text(keys))


def _as_text(keys: Sequence[bytes]) -> bytes:
    return b"\n".join(b64encode(key) for key in keys) + b"\n"


# ── In memory ────────────────────────────────────────────────────────────────────────────────────


def masters() -> MasterKeys:
    """The master keys of this installation; made on the very first use.

    Raises:
        MasterKeyMissing: there is none, yet the key store holds keys.
    """
    global _masters
    found = _masters
    if found is None:
        with _lock:  # two threads must not make two
            found = _masters = _masters or MasterKeys(_read_or_make())
    return found


def masters_now() -> MasterKeys:
    """The master keys read anew: another process may have rotated them meanwhile.

    If they were given into custody meanwhile, those in memory serve until this process ends.
    """
    global _masters
    with _lock:
        try:
            _masters = MasterKeys(_read_or_make())
        except InCustody:
            if _masters is None:
                raise
        return _masters


def is_held() -> bool:
    """Whether this process has master keys in memory already; looking neither reads nor makes."""
    return _masters is not None


def _read_or_make() -> list[bytes]:
    keys = read()
    if not keys:
        if custody_file().exists():
            raise InCustody
        if DataKey.objects.filter(wrapped__isnull=False).exists():
            raise MasterKeyMissing("no master key")
        durable.put_first(master_key_file(), _as_text([os.urandom(_LENGTH)]))
        keys = read()
    return keys


def bring(keys: Sequence[bytes]) -> None:
    """Keep keys that custodians brought in memory; the first is the one in force."""
    global _masters, _brought
    with _lock:
        _brought, _masters = list(keys), None


def forget() -> None:
    """As if the process had just begun; what stood in the environment has to be given again."""
    global _masters, _brought, _from_environment
    with _lock:
        _masters, _brought, _from_environment = None, [], ""
