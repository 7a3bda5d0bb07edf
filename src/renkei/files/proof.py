"""The proof that files are what was sealed: bytes against rows, photos against the audit trail."""

import os
from collections.abc import Iterator
from uuid import UUID

import orjson
from django.utils.translation import gettext_noop

from renkei.audit.trail import Break, Detail
from renkei.files import leftovers, s3, store
from renkei.files.models import File
from renkei.kernel.database import id_of, rows, snapshot

UNKNOWN = gettext_noop("no record knows this file")
OTHER_PHOTO = gettext_noop("the photo is not the one that was set")
UNSPOKEN = gettext_noop("no line speaks of this photo")
_AT_ONCE = 1000  # rows; no transaction stays open while their bytes are read

Photo = tuple[str, str]  # the id of its file, in hex, and the hash of the bytes on disk


def verify() -> tuple[int, list[Break]]:
    """Compare every file with its row and every photo with its line; how many files, what is wrong.

    Needs no key, reads every byte on disk, and says nothing about the lines themselves.
    """
    count, breaks, unknown = 0, _photos(), list(leftovers.unknown())
    for file in _files():
        count += 1
        why = store.check(file)
        if why and File.objects.filter(pk=file.pk).exists():  # not just replaced
            breaks.append(Break(f"File/{file.id.hex}", 0, why))
    for path in filter(os.path.lexists, unknown):  # not just being removed
        name = ascii(str(path.relative_to(store.folder())))[1:-1]
        breaks.append(Break(f"files/{name}", 0, UNKNOWN))
    try:
        for name, _ in leftovers.unknown_in_bucket():
            breaks.append(Break(f"bucket/{ascii(name)[1:-1]}", 0, UNKNOWN))
    except s3.Unreachable:
        breaks.append(Break("bucket", 0, store.UNREADABLE))
    return count, sorted(breaks, key=lambda one: (one.stream, one.seq))


def _files() -> Iterator[File]:
    """Every file, oldest first."""
    after = UUID(int=0)
    while found := list(File.objects.filter(pk__gt=after).order_by("pk")[:_AT_ONCE]):
        yield from found
        after = found[-1].pk


def _photos() -> list[Break]:
    """The accounts whose photo is not the one that their newest line about a photo tells of."""
    with snapshot():
        said, shown, erased = _said(), _shown(), _erased()
    breaks = []
    for account in (said.keys() | shown.keys()) - erased:
        seq, told = said.get(account, (0, None))
        if told != shown.get(account):
            why = OTHER_PHOTO if told else UNSPOKEN
            breaks.append(Break(f"account:{account}", seq, why))
    return breaks


def _said() -> dict[str, tuple[int, Photo]]:
    """The newest line of each account about its photo."""
    lines = rows(
        "SELECT entity, seq, detail FROM audit_auditevent WHERE outcome = 'done'"
        " AND entity LIKE 'Account/%%' AND detail LIKE '%%\"photo\":\"%%' ORDER BY stream, seq",
        [],
    )
    return {
        entity.removeprefix("Account/"): (seq, _told(orjson.loads(detail)))
        for entity, seq, detail in lines
    }


def _erased() -> set[str]:
    """The accounts that lines say were erased with a patient's record: their photos are gone."""
    lines = rows(
        "SELECT detail FROM audit_auditevent WHERE outcome = 'done'"
        " AND action IN ('erasure.begin', 'erasure.replay')",
        [],
    )
    return {one for (detail,) in lines for one in orjson.loads(detail).get("accounts", ())}


def _told(detail: Detail) -> Photo:
    return detail["photo"], detail.get("sealed", "")


def _shown() -> dict[str, Photo]:
    """The photo of each account that has one."""
    found = rows(
        "SELECT a.id, a.photo_id, f.sha256 FROM people_account a"
        " LEFT JOIN files_file f ON f.id = a.photo_id WHERE a.photo_id IS NOT NULL",
        [],
    )
    return {id_of(account).hex: (id_of(file).hex, digest) for account, file, digest in found}
