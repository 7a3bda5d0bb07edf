"""The import: an export into an installation that is empty, all or nothing, and proved at the end.

The file comes from anywhere. First it is read to its end without believing any of it: only known
members, each with the sum that the list of sums gives it, the list signed. Only then is its content
read, into one transaction, which commits when the whole trail has proved itself.
"""

from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.utils.translation import gettext_noop

from renkei.files import store
from renkei.kernel import age, durable, master, signing, vault
from renkei.kernel.database import execute, on_postgresql
from renkei.kernel.errors import Problem
from renkei.kernel.models import DataKey
from renkei.moving import archive, manifest, proving
from renkei.moving.archive import Member, members
from renkei.moving.attachments import Incoming
from renkei.moving.columns import read_id, read_moment
from renkei.moving.exporting import Progress
from renkei.moving.held import HeldKeys
from renkei.moving.manifest import Manifest
from renkei.moving.rows import OTHER_FAULTS, Rows
from renkei.moving.services import record_arriving
from renkei.moving.tables import tables
from renkei.policy.standing import HOST
from renkei.policy.use_case import batch
from renkei.region.models import Region

_WHOLE = (archive.MANIFEST, archive.SUMS, archive.SIGNATURE)

NOT_EMPTY = gettext_noop(
    "There is something in this data folder or database already. An export can only be "
    "imported into an empty one."
)
CHANGED = gettext_noop("%(member)s is not what was exported: its sum does not match.")
UNSIGNED = gettext_noop("The signature does not match: the file was changed, or is a forgery.")
OTHER_SIGNER = gettext_noop(
    "The file was signed by another installation than the one you named: %(by)s."
)
FAULTY = gettext_noop(
    "When it was exported, %(count)s things were damaged already, and the file says which. "
    "To import it all the same, add --with-faults."
)
UNPROVED = gettext_noop("The audit trail does not fit what the file holds: %(stream)s %(seq)s.")
NOWHERE = gettext_noop("Something in the file refers to something that is not in it.")
NOT_TAKEN = gettext_noop("The database did not accept what the file holds.")
BAD_KEY = gettext_noop("%(member)s, line %(line)s: this is no data key.")
NOT_ALL = gettext_noop("The file does not hold as much as it says.")


@dataclass(frozen=True, slots=True)
class Checked:
    """An export that was read to its end: whole, unchanged, signed, and of a known format."""

    path: Path
    held: Sequence[age.Identity]
    sums: dict[str, str]
    manifest: Manifest
    digest: str  # SHA-256 of all sums together

    def members(self) -> Iterator[Member]:
        """The members again, from the beginning."""
        with age.opening(self.path, self.held) as source:
            yield from members(source)

    def content(self, member: Member) -> bytes:
        """All of a member.

        Raises:
            Problem: it is not what was checked; somebody changed the file meanwhile.
        """
        content = member.content()
        if sha256(content).hexdigest() != self.sums.get(member.name):
            raise Problem(CHANGED, member=member.name)
        return content


def check(path: Path, held: Sequence[age.Identity], *, signed_by: str = "") -> Checked:
    """Read the file to its end, believing nothing, and writing nothing anywhere.

    Args:
        held: the identities, one of which it was sealed to.
        signed_by: the public key it has to be signed with; any, if empty.

    Raises:
        Problem: something about it is not as it should be.
        Unreadable, OSError: from opening it.
    """
    found, whole = {}, {}
    with age.opening(path, held) as source:
        for member in members(source):
            digest = sha256()
            if member.name in _WHOLE:
                whole[member.name] = member.content()
                digest.update(whole[member.name])
            for piece in member.pieces():
                digest.update(piece)
            found[member.name] = digest.hexdigest()
    if len(whole) != len(_WHOLE):
        raise Problem(archive.NOT_OURS)
    sums = archive.read_sums(whole[archive.SUMS])
    for name in sums.keys() ^ (found.keys() - {archive.SUMS, archive.SIGNATURE}):
        raise Problem(CHANGED, member=name)
    for name, sha in sums.items():
        if found[name] != sha:
            raise Problem(CHANGED, member=name)
    account = manifest.read(whole[archive.MANIFEST])
    _check_signature(account, whole, signed_by)
    return Checked(path, held, sums, account, found[archive.SUMS])


def _check_signature(account: Manifest, whole: dict[str, bytes], signed_by: str) -> None:
    signature = whole[archive.SIGNATURE].decode("ascii", "replace").strip()
    if not signing.is_signed(whole[archive.SUMS], signature, by=account.signed_by):
        raise Problem(UNSIGNED)
    if signed_by and signed_by != account.signed_by:
        raise Problem(OTHER_SIGNER, by=account.signed_by)


def refuse_faults(account: Manifest) -> None:
    """Do not import what was damaged when it was exported.

    Raises:
        Problem: it was.
    """
    count = len(account.faults) + len(account.breaks)
    if count:
        raise Problem(FAULTY, count=count)


def take_in(checked: Checked, *, progress: Progress) -> None:
    """Import a checked export into the empty databases of this process: all of it, or nothing.

    Raises:
        Problem: something is here already, or in the file that cannot be; nothing was kept.
        OperationalError: the database could not be written; nothing was kept.
    """
    with _undone_if_it_fails() as begun, batch(HOST, "installation.move"):
        _refuse_unless_empty()
        begun.append(True)
        with vault.making_keys():
            _Import(checked, progress).run()
        # the keys are durable now; the content that is sealed with them follows


def _refuse_unless_empty() -> None:
    """See that nothing is here, and that nobody else imports at the same time."""
    if on_postgresql():
        execute("LOCK TABLE region_region IN ACCESS EXCLUSIVE MODE", [])
    here = [table.model._default_manager.exists() for table in tables().values()]
    if (
        any(here)
        or signing.key_file().exists()
        or store.holds_anything()
        or DataKey.objects.exists()
    ):
        raise Problem(NOT_EMPTY)


@contextmanager
def _undone_if_it_fails() -> Iterator[list[bool]]:
    """Take back what the transaction does not, if it had begun: it was empty here before.

    A full disk, a lock or a lost connection are no fault of the file, and not said to be.
    """
    begun: list[bool] = []
    try:
        yield begun
    except BaseException as error:
        if begun:
            signing.key_file().unlink(missing_ok=True)
            store.clear()
            DataKey.objects.all().delete()
            vault.forget_everything()
        if isinstance(error, DatabaseError) and not isinstance(error, OperationalError):
            raise Problem(NOT_TAKEN) from error
        raise


class _Import:
    """One import while it runs, inside both transactions."""

    def __init__(self, checked: Checked, progress: Progress) -> None:
        self.checked = checked
        self.keys: dict[UUID, bytes | None] = {}
        held = HeldKeys(self.keys)
        self.rows = Rows(checked.manifest, held, progress)
        self.files = Incoming(checked.manifest, held, progress)

    def run(self) -> None:
        signed_with = b""
        for member in self.checked.members():
            kind = member.name.partition("/")[0]
            if kind == archive.KEYS:
                self._take_keys(member)
            elif kind == archive.TABLES:
                self.rows.take(member, self.checked.content(member))
            elif member.folder == archive.FILES:
                self.files.take_index(self.checked.content(member))
            elif kind == archive.FILES:
                self.files.take(member)
            elif kind == archive.SIGNING:
                signed_with = self.checked.content(member)
        if len(self.keys) != self.checked.manifest.keys:
            raise Problem(NOT_ALL)
        self.files.end()
        self.rows.end()
        self._prove()
        self._record()
        self._keep_signing_key(signed_with)

    def _take_keys(self, member: Member) -> None:
        """Keep the data keys, wrapped with this installation's own master key."""
        masters = vault.masters()
        fresh = []
        for line, said in archive.lines(self.checked.content(member)):
            try:
                key, plain = _data_key(said)
            except (ValueError, KeyError, TypeError) as error:
                raise Problem(BAD_KEY, member=member.name, line=line) from error
            if key.id in self.keys:
                raise Problem(BAD_KEY, member=member.name, line=line)
            self.keys[key.id] = plain
            if plain is not None:
                key.wrapped, key.master = masters.wrap(key.id, plain), masters.current
            fresh.append(key)
        DataKey.objects.bulk_create(fresh, batch_size=1000)

    def _prove(self) -> None:
        """See that the trail proves all it speaks of, but for what was broken before."""
        try:
            connection.check_constraints()
        except IntegrityError as error:
            raise Problem(NOWHERE) from error
        account = self.checked.manifest
        breaks = manifest.listed(proving.breaks())
        for one in [*breaks, *account.breaks]:
            if one not in account.breaks or one not in breaks:
                raise Problem(UNPROVED, stream=one["stream"], seq=one["seq"])
        if proving.values_that_do_not_open() != account.damaged_values():
            raise Problem(OTHER_FAULTS)
        if manifest.audit_heads() != account.audit:
            raise Problem(NOT_ALL)

    def _record(self) -> None:
        region = Region.objects.first()
        if region is None:
            raise Problem(NOT_ALL)
        account = self.checked.manifest
        record_arriving(
            HOST,
            None,
            region=region,
            sums=self.checked.digest,
            signed_by=account.signed_by,
            tally=account.tally,
        )

    def _keep_signing_key(self, content: bytes) -> None:
        """Go on signing with the key that people have noted: the trail is the same trail."""
        try:
            public = signing.public_key_of(content.decode())
        except ValueError as error:
            raise Problem(archive.NOT_OURS) from error
        if public != self.checked.manifest.signed_by:
            raise Problem(UNSIGNED)
        durable.put_new(signing.key_file(), content)


def _data_key(said: dict[str, Any]) -> tuple[DataKey, bytes | None]:
    """A data key as the export wrote it; ValueError and the like if it is none."""
    id_, purpose, coded = read_id(said.pop("id")), said.pop("purpose"), said.pop("key")
    made, destroyed = read_moment(said.pop("made_at")), said.pop("destroyed_at")
    plain = None if coded is None else b64decode(coded, validate=True)
    if said or not isinstance(purpose, str) or len(purpose) > 20 or purpose in master.WRAPPING:
        raise ValueError("no data key")
    if (plain is None) != (destroyed is not None) or (plain is not None and len(plain) != 32):
        raise ValueError("no data key")
    ended = None if destroyed is None else read_moment(destroyed)
    return DataKey(id=id_, purpose=purpose, master="", made_at=made, destroyed_at=ended), plain
