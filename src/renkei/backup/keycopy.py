"""A copy of the keys: the key store, and what else in the data folder only this machine has.

It lies apart from the content, has few generations, and is never kept once it holds a key that has
been destroyed meanwhile.
"""

import io
import os
import tarfile
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, cast
from uuid import UUID

from django.conf import settings

from renkei.backup import generations, manifest, sqlite_copy
from renkei.backup.content import fresh_name, migrations
from renkei.backup.engines import Snapshot, silently, snapshot
from renkei.backup.manifest import Manifest, Summing
from renkei.backup.shelves import KEYS, PARTIAL, Shelf, read_small
from renkei.backup.tables import Database, SQLite
from renkei.backup.trouble import Trouble, at_place
from renkei.kernel import age, clock, program, signing, vault
from renkei.kernel.database import id_of

ARCHIVE: Final = "keys.age"
STORE: Final = {"sqlite": "keys.db", "postgresql": "keys.dump"}
MASTER: Final = "master.key"
CUSTODY: Final = "master.custody"
FILES: Final = (MASTER, CUSTODY, "secret.key", "signing.key", "backup.recipients")
_LARGEST: Final = 4_000_000_000  # bytes of the key store
_SMALL: Final = 1_000_000  # bytes of any other of these files
_TRIES: Final = 3  # a master key that is changed just now


@dataclass(frozen=True, slots=True)
class Keys:
    """The key store at one moment, and the files that go with it."""

    engine: str
    store: bytes
    files: Mapping[str, bytes]
    facts: dict[str, object]


def destroyed() -> dict[UUID, datetime]:
    """Every key that has been destroyed so far."""
    with snapshot("keys") as moment:
        return _destroyed(moment.rows)


def _destroyed(database: Database) -> dict[UUID, datetime]:
    asked = "SELECT id, destroyed_at FROM kernel_datakey WHERE destroyed_at IS NOT NULL"
    return {id_of(key): clock.from_us(at) for key, at in database.ask(asked)}


def copy(root: Path, to: list[age.Recipient]) -> Manifest:
    """Make a generation of the keys at a place, and remove those that would bring a key back.

    Raises:
        Trouble: it could not be made; no part of it stands there then.
    """
    shelf = Shelf(root, KEYS)
    with at_place(root), shelf.making(fresh_name(shelf)) as folder:
        now = clock.now()
        keys = _read()
        with age.sealing(folder / ARCHIVE, to) as sink:
            packed = Summing(sink)
            _pack(keys, cast(BinaryIO, packed))
        made = Manifest(
            kind=KEYS,
            generation=folder.name.removeprefix(PARTIAL),
            moment=clock.to_us(now),
            program=program.version(),
            signed_by=signing.public_key(),
            sealed_to=[str(one) for one in to],
            archives={ARCHIVE: manifest.archive_of(folder / ARCHIVE, inner=packed.ended())},
            facts=keys.facts,
        )
        manifest.write(folder, made)
    return made


def _read() -> Keys:
    """The key store and the files, so that the one can be opened with the other."""
    for _ in range(_TRIES):
        with snapshot("keys") as moment:
            store, wrapped_by = _store(moment), _wrapped_by(moment.rows)
            number = len(_destroyed(moment.rows))
            applied = migrations(moment.rows)
        files = _files()
        if MASTER not in files or wrapped_by <= _fingerprints(files[MASTER]):
            break
    else:  # a key that lies there without being in use
        del files[MASTER]
    where = "file" if MASTER in files else "custodians" if CUSTODY in files else "elsewhere"
    facts: dict[str, object] = {
        "engine": moment.engine,
        "migrations": applied,
        "masters": sorted(wrapped_by),
        "master": where,
        "destroyed": number,
    }
    return Keys(moment.engine, store, files, facts)


def _store(moment: Snapshot) -> bytes:
    if isinstance(moment.rows, SQLite):
        return sqlite_copy.copy_small(moment.rows)
    sink = io.BytesIO()
    moment.dump(sink, silently)
    return sink.getvalue()


def _wrapped_by(database: Database) -> set[str]:
    """The fingerprints of the master keys without which the key store stays shut."""
    asked = "SELECT DISTINCT master FROM kernel_datakey WHERE wrapped IS NOT NULL"
    return {master for (master,) in database.ask(asked)}


def _files() -> dict[str, bytes]:
    found = {}
    for name in FILES:
        path = Path(settings.DATA) / name
        if path.exists():
            found[name] = read_small(path, _SMALL)
    return found


def _fingerprints(keys: bytes) -> set[str]:
    return {vault.fingerprint(b64decode(part)) for part in keys.replace(b",", b" ").split()}


# ── The archive ──────────────────────────────────────────────────────────────────────────────────


def _pack(keys: Keys, sink: BinaryIO) -> None:
    """Write all as one archive."""
    with tarfile.open(mode="w|", fileobj=sink) as archive:
        for name, data in {STORE[keys.engine]: keys.store, **keys.files}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o600
            archive.addfile(member, io.BytesIO(data))


def unpack(root: Path, made: Manifest, held: list[age.Identity], target: Path) -> None:
    """Open a copy of the keys into an empty folder: the files of our own names, nothing else.

    Raises:
        Trouble: it does not open, or something is in it that we would not have put there.
    """
    path = Shelf(root, KEYS).path(made.generation) / ARCHIVE
    allowed = {STORE[str(made.facts["engine"])]: _LARGEST, **dict.fromkeys(FILES, _SMALL)}
    try:
        with age.opening(path, held) as stream:
            source = Summing(stream)
            with tarfile.open(mode="r|", fileobj=cast(BinaryIO, source)) as archive:
                for member in archive:
                    _unpack_one(archive, member, allowed, target)
            if source.read_on() != made.archives[ARCHIVE].inner:
                raise tarfile.TarError
    except (age.Unreadable, tarfile.TarError) as error:
        raise _shut(error) from error


def _shut(error: Exception) -> Trouble:
    return Trouble(
        "鍵の写しが開きません。写しを開く鍵のファイルが合っているか確かめてください。",
        why="wrong_key" if isinstance(error, age.Unreadable) else "damaged",
    )


def _unpack_one(
    archive: tarfile.TarFile, member: tarfile.TarInfo, allowed: dict[str, int], target: Path
) -> None:
    limit = allowed.pop(member.name, -1)  # each name once
    data = archive.extractfile(member) if member.isreg() and member.size <= limit else None
    if data is None:
        raise Trouble("鍵の写しに、知らないものが入っています。", why="damaged")
    descriptor = os.open(target / member.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while piece := cast(BinaryIO, data).read(1 << 20):
            file.write(piece)
        os.fsync(file.fileno())


# ── Which stay ───────────────────────────────────────────────────────────────────────────────────


def prune(root: Path, just_made: Manifest) -> int:
    """Remove the copies that hold a key destroyed since, and those before the last three.

    Raises:
        Trouble: one of them cannot be removed.
    """
    shelf, removed = Shelf(root, KEYS), 0
    moments = {generations.moment_of(name): name for name in shelf.names()}
    stay = generations.keys_kept(one for one in moments if one is not None)
    for moment, name in moments.items():
        if name == just_made.generation:
            continue
        if moment not in stay or _holds_a_destroyed_key(shelf, name, just_made):
            with at_place(root):
                shelf.remove(name)
            removed += 1
    return removed


def _holds_a_destroyed_key(shelf: Shelf, name: str, now: Manifest) -> bool:
    """Whether fewer keys were destroyed then than now; what cannot be read may hold any."""
    try:
        then = manifest.read(shelf.path(name), kind=KEYS)
    except Trouble:
        return bool(now.facts["destroyed"])
    return int(then.facts["destroyed"]) < int(now.facts["destroyed"])
