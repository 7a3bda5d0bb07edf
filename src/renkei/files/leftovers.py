"""What a crash left behind: files that no row knows, on the disk and in the bucket."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

from renkei.files import bucket, s3, store
from renkei.files.models import File
from renkei.kernel import clock

LEFT_ALONE: Final = timedelta(days=1)  # what no row knows may be on its way to one for so long
log = logging.getLogger("renkei.files")


def sweep() -> int:
    """Remove what a crash left behind more than a day ago; how many files that were.

    A database that does not belong to the folder - empty, another's, an old copy put back - must
    not cost a file: the file of the newest row has to be there, and what is younger stays. While
    all are being kept, nothing happens.
    """
    count = 0
    with (
        suppress(BlockingIOError, s3.Unreachable),  # no reason not to start: the next time
        store.removing(),
    ):
        for file_id, ending in list(_leftovers()):
            with suppress(OSError):  # nor is what cannot be removed
                store.unlink(file_id, ending)
                count += 1
        for file_id in _left_in_bucket():
            with suppress(OSError):
                bucket.remove(file_id)
                count += 1
        if bucket.used():
            bucket.break_off(clock.now() - LEFT_ALONE)
    if count:
        log.info("leftover files removed", extra={"facts": {"count": count}})
    return count


def _leftovers() -> Iterator[tuple[UUID, str]]:
    """Files that may go, each with the ending of its name."""
    before = _newest()
    for path in unknown():
        ending = path.suffix if path.suffix == store.NEW else ""
        file_id = _id_at(path.with_suffix("") if ending else path)
        if file_id and (ending or file_id < before):
            yield file_id, ending


def _newest() -> UUID:
    """The newest row's file, if it is there: what is older and in no row is left over."""
    newest = File.objects.order_by("pk").values_list("pk", flat=True).last()
    there = newest and (store.path_of(newest).is_file() or (bucket.used() and bucket.has(newest)))
    return newest if newest and there else UUID(int=0)


def _left_in_bucket() -> list[UUID]:
    before = _newest()
    ids = {one for _, one in unknown_in_bucket() if one is not None}
    return sorted(one for one in ids if one < before)


def unknown_in_bucket() -> Iterator[tuple[str, UUID | None]]:
    """What has lain in the bucket for more than a day and belongs to no row: name and id.

    Raises:
        s3.Unreachable: it does not answer.
    """
    if not bucket.used():
        return
    before = clock.now() - LEFT_ALONE
    objects = iter(bucket.everything())
    while some := list(islice(objects, 1000)):
        known = File.objects.only("pk").in_bulk([one for _, one, _ in some if one])
        yield from ((name, one) for name, one, at in some if at < before and one not in known)


def unknown() -> Iterator[Path]:
    """What has lain in the folder for more than a day and belongs to no row."""
    before = (clock.now() - LEFT_ALONE).timestamp()
    if not store.folder().is_dir():
        return
    for entry in sorted(store.folder().iterdir()):
        found = sorted(entry.iterdir()) if _is_drawer(entry) else [entry]
        old = {path: _id_at(path) for path in found if _touched(path) < before}
        old.pop(store.folder() / store.LOCK, None)
        known = File.objects.only("pk").in_bulk([one for one in old.values() if one])
        yield from (path for path, file_id in old.items() if file_id not in known)


def _is_drawer(path: Path) -> bool:
    return not path.is_symlink() and path.is_dir() and len(path.name) == 2


def _touched(path: Path) -> float:
    """When it was last written; never, if it has just gone."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _id_at(path: Path) -> UUID | None:
    """The id of the file whose place this is, if it is one's place."""
    try:
        file_id = UUID(hex=path.name)
    except ValueError:
        return None
    return file_id if path == store.path_of(file_id) else None
