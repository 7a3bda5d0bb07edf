"""The export: everything of one moment, opened, and sealed again to keys that lie elsewhere.

Nothing of it is ever in clear on a disk, and no more than a part of a table in memory. The server
goes on working meanwhile.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.db import DatabaseError
from django.utils.translation import gettext_noop

from renkei.audit.trail import Break
from renkei.files import store
from renkei.kernel import age, clock, keyring, master, signing
from renkei.kernel.database import snapshot
from renkei.kernel.errors import Problem, Tampered
from renkei.kernel.models import DataKey
from renkei.kernel.sealed import SealedField
from renkei.moving import archive, manifest, proving
from renkei.moving.archive import Writer
from renkei.moving.attachments import Outgoing
from renkei.moving.columns import moment
from renkei.moving.held import Faulty, HeldKeys, Sealed, kept
from renkei.moving.manifest import Fault, Manifest
from renkei.moving.services import record_leaving
from renkei.moving.tables import Table, tables
from renkei.policy.standing import HOST
from renkei.region.models import Region

Progress = Callable[[str, int, int], None]  # part, done, of how many
_STEP = 1000  # rows between two looks at the progress

NOTHING = gettext_noop("There is no region here yet, so there is nothing to export.")

UNREADABLE = gettext_noop(
    "The file of the database is damaged: a record cannot be read. Please restore a backup."
)


@dataclass(frozen=True, slots=True)
class Damage:
    """What here is not as it was written: sealed values, and lines of the trail."""

    faults: list[Fault]
    breaks: list[Break]


class Damaged(Exception):
    """There is damage, and nobody said to export all the same; there is no file."""

    def __init__(self, damage: Damage) -> None:
        super().__init__("damaged")
        self.damage = damage


@dataclass(frozen=True, slots=True)
class Exported:
    """What now stands in the file."""

    manifest: Manifest
    sums: str  # SHA-256 of all sums together: what the two servers know this export by


def refuse(damage: Damage) -> None:
    """Do not export what is damaged."""
    raise Damaged(damage)


def go_on(damage: Damage) -> None:
    """Export it as it is; the manifest says so."""


def fingerprint(recipient: age.Recipient) -> str:
    """What tells recipients apart in the trail, in 16 hexadecimal digits."""
    return sha256(str(recipient).encode()).hexdigest()[:16]


def export(
    path: Path,
    recipients: Sequence[age.Recipient],
    *,
    progress: Progress,
    on_damage: Callable[[Damage], None] = refuse,
) -> Exported:
    """Export everything into ``path``. The line in the trail is written before the first byte.

    Raises:
        Problem: there is nothing to export.
        Damaged: from ``on_damage``; there is no file then.
        MasterKeyMissing, OSError: from the vault, from writing.
    """
    region = Region.objects.first()
    if region is None:
        raise Problem(NOTHING)
    master.masters()
    marks = [fingerprint(one) for one in recipients]
    record_leaving(HOST, None, region=region, recipients=marks)
    breaks = proving.breaks()
    if breaks:
        on_damage(Damage([], breaks))
    with store.keeping(), snapshot(), age.sealing(path, recipients) as sink:
        try:
            return _Export(Writer(sink, clock.now()), progress, on_damage, breaks).run()
        except DatabaseError:
            raise Problem(UNREADABLE) from None  # what it says may be what somebody wrote


@dataclass(slots=True)
class _Export:
    """One export while it runs, inside its snapshot."""

    writer: Writer
    progress: Progress
    on_damage: Callable[[Damage], None]
    breaks: list[Break]
    faults: list[Fault] = field(default_factory=list)
    held: HeldKeys = field(default_factory=lambda: HeldKeys({}))
    done: int = 0
    total: int = 0

    def run(self) -> Exported:
        counts = {table.label: table.count() for table in tables().values()}
        self.total = sum(counts.values())
        account = manifest.begin(clock.now(), signing.public_key())
        self.writer.add(archive.README, readme())
        self.writer.add(archive.SIGNING, signing.key_file().read_bytes())
        account.keys = self._write_keys()
        for table in tables().values():
            self.writer.add_lines(f"{archive.TABLES}/{table.label}", self._lines(table))
            account.tables[table.label] = manifest.described(table, counts[table.label])
        self.progress("rows", self.total, self.total)
        account.files = Outgoing(self.writer, self.held, self.faults, self.progress).write()
        if self.faults:
            self.on_damage(Damage(self.faults, self.breaks))
        account.faults = [asdict(one) for one in self.faults]
        account.breaks = manifest.listed(self.breaks)
        return self._end(account)

    def _end(self, account: Manifest) -> Exported:
        self.writer.add(archive.MANIFEST, account.written())
        sums = archive.sums_text(self.writer.sums)
        self.writer.add(archive.SUMS, sums)
        self.writer.add(archive.SIGNATURE, signing.sign(sums).encode() + b"\n")
        self.writer.end()
        return Exported(account, sha256(sums).hexdigest())

    def _write_keys(self) -> int:
        """The data keys, after the snapshot has begun: what it holds was sealed with these."""
        stored = list(DataKey.objects.exclude(purpose__in=master.WRAPPING).order_by("pk"))
        plain = {one.id: self._unwrapped(one) for one in stored}
        lines = (_key_line(one, plain[one.id]) for one in stored if one.id in plain)
        held = {key: value for key, value in plain.items() if value != b""}
        self.held = HeldKeys(held)
        self.writer.add_lines(archive.KEYS, (line for line in lines if line))
        return len(held)

    def _unwrapped(self, stored: DataKey) -> bytes | None:
        """The key in clear; None if destroyed, empty if it was tampered with."""
        if stored.wrapped is None:
            return None
        try:
            return keyring.unwrap(stored)
        except Tampered:
            self.faults.append(Fault("kernel.DataKey", str(stored.id), "wrapped", "tampered"))
            return b""

    def _lines(self, table: Table) -> Iterator[bytes]:
        """The rows of a table as lines of JSON."""
        width = len(table.columns)
        pk = next(place for place, one in enumerate(table.columns) if one.field.primary_key)
        for row in table.rows():
            said: dict[str, Any] = {}
            opening = iter(row[width:])
            for column, value in zip(table.columns, row, strict=False):
                if isinstance(column.field, SealedField):
                    place = [next(opening) for _ in column.field.columns]
                    said[column.name] = self._opened(column.field, value, str(row[pk]), *place)
                else:
                    said[column.name] = column.write(value)
            self.done += 1
            if not self.done % _STEP:
                self.progress("rows", min(self.done, self.total - 1), self.total)
            yield orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)

    def _opened(
        self, column: SealedField, sealed: Any, row: str, key: UUID, *place: Any
    ) -> Sealed | None:
        if sealed is None:
            return None
        try:
            return self.held.opened(key, bytes(sealed), column.place(*place), column.holds)
        except Faulty as fault:
            label = column.model._meta.label
            self.faults.append(Fault(label, row, column.name, fault.why))
            return kept(bytes(sealed), fault.why)


def _key_line(stored: DataKey, plain: bytes | None) -> bytes:
    if plain == b"":
        return b""
    said = {
        "id": str(stored.id),
        "purpose": stored.purpose,
        "key": None if plain is None else b64encode(plain).decode(),
        "made_at": moment(stored.made_at),
        "destroyed_at": moment(stored.destroyed_at) if stored.destroyed_at else None,
    }
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)


def readme() -> bytes:
    """What the file says of its own format, in Japanese and English."""
    return (files("renkei.moving") / "export-format.md").read_bytes()
