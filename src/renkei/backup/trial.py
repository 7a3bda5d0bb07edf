"""A whole restore for a trial: into a place of its own, compared, proved, and cleared away."""

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connections

from renkei.audit import trail
from renkei.backup import bringback, erasures, postgresql_copy, settling
from renkei.backup.bringback import Source, Target
from renkei.backup.manifest import Manifest
from renkei.backup.places import Places
from renkei.backup.postgresql_copy import url as address
from renkei.backup.shelves import sweep, workplace
from renkei.backup.tables import Database, Progress
from renkei.backup.trouble import Trouble
from renkei.backup.trust import Signer
from renkei.backup.verifying import Checked, Findings
from renkei.kernel import age, signing
from renkei.kernel.database import engine_of, snapshot

SCRATCH: Final = ".verify-"


def pair(copies: Checked, keys: Checked, name: str) -> tuple[Manifest, Manifest]:
    """A generation of the content and the newest keys, which have to be younger.

    Raises:
        Trouble: one of them is not there or not sound.
    """
    if name not in copies.sound:
        raise Trouble(f"写し {name} がないか、壊れています。", why="damaged")
    newest = keys.shelf.newest()
    if newest not in keys.sound:
        raise Trouble("いちばん新しい鍵の写しがないか、壊れています。", why="damaged")
    refuse_older_keys(copies.sound[name], keys.sound[newest])
    return copies.sound[name], keys.sound[newest]


def refuse_older_keys(made: Manifest, keys: Manifest) -> None:
    """Refuse keys copied before the content was: those made in between would be missing.

    Raises:
        Trouble: they are older.
    """
    if keys.moment < made.moment:
        raise Trouble(
            f"鍵の写し {keys.generation} が内容の写し {made.generation} より古く、"
            "足りない鍵があるかもしれません。もっと新しい鍵の写しを --keys で指定するか、"
            "--at でもっと古い写しを選んでください。",
            why="damaged",
        )


def try_each(
    at: Places,
    checked: tuple[Findings, Checked, Checked],
    names: Collection[str],
    held: list[age.Identity],
    trusted: Signer,
    progress: Progress,
    *,
    scratch: Path | None,
) -> None:
    """Bring these generations back for a trial, one after the other, and say what was found."""
    found, copies, keys = checked
    for name in names:
        try:
            made, made_keys = pair(copies, keys, name)
            source = Source(at.content, made, at.keys, made_keys, held)
            gone = listed_as_erased(at, trusted, [])
            with _trial(source, scratch) as (target, environment):
                _try(source, target, environment, gone, trusted, found, progress)
        except Trouble as trouble:
            found.faults.append(trouble.words)
        found.tried.append(name)


def _try(
    source: Source,
    target: Target,
    environment: dict[str, str],
    gone: erasures.EraseList,
    trusted: Signer,
    found: Findings,
    progress: Progress,
) -> None:
    assert source.keys is not None
    found.faults += bringback.bring_back(source, target, progress)
    refuse_other_signing_key(source, target)
    if lost := source.made.facts["files"]["damaged"]:
        found.notes.append(f"写したときにもう壊れていたファイルが{lost}件あります。")
    if trusted.source == "here":
        held = bringback.opened(source, target)
        try:
            found.faults += _off_the_living_trail(held)
        finally:
            held.close()
    proof = settling.ask(settling.wish(source, gone.keys, trial=True), environment)
    found.faults += proof.faults
    found.notes += proof.notes
    found.keys = proof.keys


def refuse_other_signing_key(source: Source, target: Target) -> None:
    """Refuse a copy whose own signing key is not the one that signed it.

    Raises:
        Trouble: whoever signed it is not the installation whose keys these are.
    """
    held = signing.public_key_of((target.folder / "signing.key").read_text())
    if held != source.made.signed_by:
        raise Trouble(
            "鍵の写しの中の署名の鍵が、写しの署名と違います。別のシステムの写しか、偽物です。",
            why="damaged",
        )


def _off_the_living_trail(held: Database) -> list[str]:
    """The streams of the copy that are no beginning of those of this installation."""
    wrong = []
    with snapshot():
        for stream, seq, head in held.ask("SELECT stream, seq, hash FROM audit_audithead"):
            if seq and trail.hash_at(stream, seq) != bytes(head):
                wrong.append(f"監査証跡 {stream} の {seq} 行目が、動いているシステムと違います。")
    return wrong


def listed_as_erased(at: Places, trusted: Signer, more: Collection[Path]) -> erasures.EraseList:
    """Every key on any erase list that can be found.

    Raises:
        Trouble: one that was named is not there; nobody must believe that it was used.
    """
    for path in more:
        if not path.is_file():
            raise Trouble(
                f"{path} がありません。--erased の場所を確かめてください。", why="unreachable"
            )
    paths = [
        at.content / erasures.FILE,
        at.keys / erasures.FILE,
        *(path.resolve() for path in more),
    ]
    return erasures.joined(erasures.read(path, by=trusted.key) for path in paths)


@contextmanager
def _trial(source: Source, scratch: Path | None) -> Iterator[tuple[Target, dict[str, str]]]:
    """A place of its own to bring a generation back to, and the environment to work on it."""
    data = Path(settings.DATA)
    parent = scratch or (data if data.is_dir() else Path(tempfile.gettempdir()))
    sweep(parent, SCRATCH)
    with workplace(parent, SCRATCH) as folder, ExitStack() as databases:
        content_at = _scratch_database("default", source.made, folder, databases)
        keys_at = _scratch_database("keys", source.keys, folder, databases)
        environment = settling.environment_of(
            os.environ, folder, content=address(content_at), keys=address(keys_at)
        )
        yield Target(folder, content_at, keys_at), environment


def _scratch_database(
    alias: str, of: Manifest | None, folder: Path, databases: ExitStack
) -> dict[str, Any]:
    """A new database on the server of this one, if the copy is of PostgreSQL."""
    if of is None or of.facts["engine"] != "postgresql":
        return {}
    if engine_of(alias) != "postgresql":
        raise Trouble(
            "PostgreSQL の写しです。試しに戻すために、DATABASE_URL で PostgreSQL の場所を"
            "指定してください。",
            why="database",
        )
    params = connections[alias].get_connection_params()
    ending = f"{alias}_{folder.name.removeprefix(SCRATCH)}"
    return databases.enter_context(postgresql_copy.scratch(params, ending))
