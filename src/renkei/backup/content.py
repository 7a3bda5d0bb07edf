"""A copy of the content: the database at one moment, its rows, and the files it names.

The keys are copied apart (``keycopy``), and after it: so every key that a copy needs is there.
"""

import gzip
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from renkei.backup import filecopies, generations, manifest, rowlist, tables
from renkei.backup.engines import Snapshot, snapshot
from renkei.backup.filecopies import Copier, Listed
from renkei.backup.manifest import Archive, Manifest, Summing
from renkei.backup.recipients import mark
from renkei.backup.shelves import CONTENT, PARTIAL, Shelf
from renkei.backup.tables import Digest, Progress
from renkei.backup.trouble import Trouble, at_place
from renkei.kernel import age, clock, program, signing

DATABASE: Final = "database.age"
ROWS: Final = "rows.age"
FILES: Final = "files.jsonl"


def fresh_name(shelf: Shelf) -> str:
    """A name for a generation made now; waits a second if there is one of this second."""
    while True:
        name = generations.name_of(clock.now())
        if not shelf.path(name).exists():
            return name
        time.sleep(0.2)


def copy(
    root: Path, to: list[age.Recipient], *, destroyed: int, progress: Progress
) -> tuple[Manifest, filecopies.Tally]:
    """Make a generation of the content at a place.

    Args:
        root: the place.
        to: to whom it is sealed.
        destroyed: how many keys have been destroyed so far, so that a list that lacks some shows.
        progress: told how far it has come.

    Raises:
        Trouble: it could not be made; no part of it stands there then.
    """
    shelf = Shelf(root, CONTENT)
    copier = Copier(root, to, mark(to))
    with at_place(root), shelf.making(fresh_name(shelf)) as folder:
        with snapshot("default") as moment:
            now = clock.now()
            archives, facts = _database(folder, moment, to, progress)
            wanted = filecopies.Wanted(filecopies.in_database(moment.rows))
        before = _listed_before(shelf, mark(to))
        with (folder / FILES).open("wb") as sink:
            listed = copier.copy(wanted, before)
            filecopies.write_list(_counted(listed, wanted.count, progress), sink)
        archives[FILES] = manifest.archive_of(folder / FILES)
        made = Manifest(
            kind=CONTENT,
            generation=folder.name.removeprefix(PARTIAL),
            moment=clock.to_us(now),
            program=program.version(),
            signed_by=signing.public_key(),
            sealed_to=[str(one) for one in to],
            archives=archives,
            facts={**facts, "files": filecopies.facts(copier.tally), "destroyed": destroyed},
        )
        manifest.write(folder, made)
    return made, copier.tally


def _counted(listed: Iterator[Listed], total: int, progress: Progress) -> Iterator[Listed]:
    for number, one in enumerate(listed, 1):
        progress("files", number, total)
        yield one


def _database(
    folder: Path, moment: Snapshot, to: list[age.Recipient], progress: Progress
) -> tuple[dict[str, Archive], dict[str, Any]]:
    with age.sealing(folder / DATABASE, to) as sink:
        whole = Summing(sink)
        plain = moment.dump(cast(BinaryIO, whole), progress)
    with age.sealing(folder / ROWS, to) as sink:
        listed = Summing(sink)
        digests = _rows(moment, cast(BinaryIO, listed), progress)
    archives = {
        DATABASE: manifest.archive_of(folder / DATABASE, inner=whole.ended(), plain=plain),
        ROWS: manifest.archive_of(folder / ROWS, inner=listed.ended()),
    }
    return archives, {
        "engine": moment.engine,
        "migrations": migrations(moment.rows),
        "tables": {name: {"rows": one.rows, "digest": one.digest} for name, one in digests.items()},
    }


def _rows(moment: Snapshot, sink: BinaryIO, progress: Progress) -> dict[str, Digest]:
    """Write the list of rows; what each table came to."""
    counting = tables.Counting(progress, tables.count(moment.rows))
    with gzip.GzipFile(filename="", fileobj=sink, mode="wb", compresslevel=1, mtime=0) as smaller:
        for row in tables.rows(moment.rows):
            counting.add(row)
            rowlist.write(row, cast(BinaryIO, smaller))
    return counting.digests(moment.rows)


def migrations(database: tables.Database) -> list[str]:
    """The migrations that this database has had, such as ``group.0001_initial``."""
    if not any(table.name == "django_migrations" for table in database.tables()):
        return []
    asked = "SELECT app, name FROM django_migrations"
    return sorted(f"{app}.{name}" for app, name in database.ask(asked))


def readable(root: Path, kind: str) -> list[Manifest]:
    """The generations whose manifest can be read, whoever signed it, oldest first."""
    shelf, found = Shelf(root, kind), []
    for name in shelf.names():
        with suppress(Trouble):
            found.append(manifest.read(shelf.path(name), kind=kind))
    return found


def standing(root: Path, kind: str, *, signed_by: str) -> list[Manifest]:
    """The generations that this installation signed, oldest first."""
    return [one for one in readable(root, kind) if one.signed_by == signed_by]


def _listed_before(shelf: Shelf, to: str) -> Iterator[Listed]:
    """What the newest generation sealed to the same recipients lists."""
    for one in reversed(standing(shelf.root, CONTENT, signed_by=signing.public_key())):
        path = shelf.path(one.generation)
        if sealed_to(one) == to and FILES not in manifest.damaged(path, one, only={FILES}):
            return filecopies.read_list(path / FILES)
    return iter(())


def sealed_to(made: Manifest) -> str:
    """The mark of the recipients of a generation."""
    return mark(age.recipients("\n".join(made.sealed_to)))


def prune(root: Path, just_made: str, *, keep_all: bool) -> tuple[int, int]:
    """Remove the generations and copies of files that need not be kept; how many of each.

    If a generation that stays cannot be read, no file is removed: it may name any of them.
    """
    shelf = Shelf(root, CONTENT)
    if keep_all:
        return 0, 0
    moments = {generations.moment_of(name): name for name in shelf.names()}
    stay = generations.kept(one for one in moments if one is not None)
    gone = [name for one, name in moments.items() if one not in stay and name != just_made]
    for name in gone:
        shelf.remove(name)
    wanted: dict[str, set[bytes]] = {}
    try:
        for name in shelf.names():
            one = manifest.read(shelf.path(name), kind=CONTENT)
            if manifest.damaged(shelf.path(name), one, only={FILES}):
                return len(gone), 0
            ids = wanted.setdefault(sealed_to(one), set())
            listed = filecopies.read_list(shelf.path(name) / FILES)
            ids.update(bytes.fromhex(file.id) for file in listed)
    except Trouble:
        return len(gone), 0
    return len(gone), filecopies.prune(root, wanted)
