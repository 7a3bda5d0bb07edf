"""Bringing an installation back on a blank machine: all of it, proved, or nothing."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connections

from renkei.backup import bringback, manifest, postgresql_copy, settling, version
from renkei.backup.bringback import Source, Target
from renkei.backup.erasures import EraseList
from renkei.backup.manifest import Manifest
from renkei.backup.places import Places
from renkei.backup.proving import Proof
from renkei.backup.shelves import CONTENT, KEYS, Shelf, sweep, workplace
from renkei.backup.tables import Progress
from renkei.backup.trial import listed_as_erased, refuse_older_keys, refuse_other_signing_key
from renkei.backup.trouble import Trouble, at_place
from renkei.backup.trust import Signer, refuse_strange
from renkei.kernel import age, clock, durable
from renkei.kernel.database import engine_of

SHOWN: Final = 20  # faults that are said one by one


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back."""

    made: Manifest
    keys: Manifest
    erased: EraseList
    proof: Proof


def choose(at: Places, name: str, trusted: Signer) -> tuple[Manifest, Manifest]:
    """The generation of the content that is wanted, else the newest, and the newest keys.

    A newest one that cannot be read is not passed over in silence.

    Raises:
        Trouble: it is not there, is damaged, or another has signed it.
    """
    made = _read(at.content, CONTENT, name, trusted)
    keys = _read(at.keys, KEYS, "", trusted)
    refuse_older_keys(made, keys)
    if newer := version.newer_than_this([*made.facts["migrations"], *keys.facts["migrations"]]):
        raise Trouble(
            f"この写しは新しい版の Renkei（{made.program}）で作られています。"
            f"その版で戻してください（知らない変更: {newer[0]}）。",
            why="other",
        )
    return made, keys


def _read(root: Path, kind: str, name: str, trusted: Signer) -> Manifest:
    shelf = Shelf(root, kind)
    names = shelf.names()
    if not names:
        raise Trouble(_nothing_there(root, kind), why="unreachable")
    if name and name not in names:
        raise Trouble(
            f"{root} に写し {name} はありません。renkei backup list で名前を確かめてください。",
            why="other",
        )
    if not name and kind == CONTENT:
        _refuse_ahead(shelf)
    folder = shelf.path(name or shelf.newest())
    try:
        made = manifest.read(folder, kind=kind)
        refuse_strange(made, trusted)
        if wrong := manifest.damaged(folder, made):
            raise Trouble(
                f"{folder / wrong[0]} が壊れているか、すり替えられています。", why="damaged"
            )
    except Trouble as trouble:
        hint = "" if kind == KEYS or len(names) < 2 else "--at で別の写しを選べます。"
        raise Trouble(trouble.words + hint, why=trouble.why) from trouble
    return made


def _nothing_there(root: Path, kind: str) -> str:
    if not root.is_dir():
        return f"{root} がありません。ディスクがつながっているか、場所を確かめてください。"
    if kind == CONTENT and Shelf(root, KEYS).names():
        return (
            f"{root} は鍵の写しの場所です。はじめに内容の写しの場所を、"
            "--keys に鍵の写しの場所を指定してください。"
        )
    if kind == CONTENT:
        return f"{root} に写しがありません。場所を確かめてください。"
    return f"{root} に鍵の写しがありません。--keys で鍵の写しの場所を指定してください。"


def _refuse_ahead(shelf: Shelf) -> None:
    """Do not guess which copy is the newest if one is of a moment that has not come.

    Raises:
        Trouble: one is; the clock was wrong when it was made, or is wrong here.
    """
    if ahead := shelf.ahead():
        raise Trouble(
            f"この機械の時計（{clock.now().astimezone(clock.JAPAN):%Y年%-m月%-d日 %H:%M}）より"
            f"先の日時の写しがあり、どれがいちばん新しいか決められません: {'、'.join(ahead)}。"
            "まず、この機械の時計を確かめてください。時計が合っていれば、サーバーの時計が進んで"
            "いたときの写しです。renkei backup list で一覧を見て、戻す写しを --at で"
            "指定してください。",
            why="other",
        )


def refuse_in_use(made: Manifest, keys: Manifest) -> None:
    """Refuse a machine that is not blank.

    Raises:
        Trouble: something is in the data folder or the database, or the engine is another.
    """
    data = Path(settings.DATA)
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise Trouble(
            f"{data} は空ではありません。動いているシステムの上には戻せません。"
            "--data で、まだない新しいフォルダーを指定してください。",
            why="other",
        )
    for alias, of in (("default", made), ("keys", keys)):
        _refuse_other_engine(alias, str(of.facts["engine"]))
        if engine_of(alias) == "postgresql":
            params = connections[alias].get_connection_params()
            if not postgresql_copy.is_empty(params):
                raise Trouble(
                    f"データベース {params['dbname']} は空ではありません。"
                    "空のデータベースを作り、それを指定してください。",
                    why="database",
                )


def _refuse_other_engine(alias: str, wanted: str) -> None:
    if engine_of(alias) == wanted:
        return
    variable = "DATABASE_URL" if alias == "default" else "KEYS_DATABASE_URL"
    if wanted == "postgresql":
        raise Trouble(
            f"PostgreSQL の写しです。{variable} で空のデータベースを指定してください。",
            why="database",
        )
    raise Trouble(f"SQLite の写しです。{variable} を外してください。", why="database")


def restore(
    at: Places,
    chosen: tuple[Manifest, Manifest],
    held: list[age.Identity],
    trusted: Signer,
    progress: Progress,
    *,
    erased: Collection[Path] = (),
    accept_faults: bool = False,
    accept_missing_erasures: bool = False,
) -> Restored:
    """Bring an installation back: built beside its place, proved there, and only then named.

    Raises:
        Trouble: something does not fit; then nothing stands there.
    """
    data = Path(settings.DATA)
    before = os.umask(0o077)
    made, keys = chosen
    prefix = f".{data.name}.restoring-"
    try:
        with at_place(data):
            data.parent.mkdir(parents=True, exist_ok=True)
            sweep(data.parent, prefix)
        with at_place(data), workplace(data.parent, prefix) as folder:
            target = Target(folder, _params("default", made), _params("keys", keys))
            source = Source(at.content, made, at.keys, keys, held)
            done = _whole(
                source,
                target,
                trusted,
                progress,
                more=erased,
                accept_faults=accept_faults,
                accept_missing_erasures=accept_missing_erasures,
            )
            _put_in_place(folder, data)
    finally:
        os.umask(before)
    return done


def _params(alias: str, of: Manifest) -> dict[str, Any]:
    if of.facts["engine"] != "postgresql":
        return {}
    return connections[alias].get_connection_params()


def _whole(
    source: Source,
    target: Target,
    trusted: Signer,
    progress: Progress,
    *,
    more: Collection[Path],
    accept_faults: bool,
    accept_missing_erasures: bool,
) -> Restored:
    """All of it in the folder and, with PostgreSQL, in the databases, which are emptied if not."""
    assert source.keys is not None
    try:
        faults = bringback.bring_back(source, target, progress)
        refuse_other_signing_key(source, target)
        signed = Signer(source.made.signed_by, trusted.source)
        at = Places(source.root, source.keys_root)
        gone = listed_as_erased(at, signed, more)
        if not accept_missing_erasures:
            _refuse_missing_erasures(at, source.keys, gone)
        wanted = settling.wish(source, gone.keys, trial=False)
        environment = settling.environment_of(
            os.environ,
            target.folder,
            content=postgresql_copy.url(target.content),
            keys=postgresql_copy.url(target.keys),
        )
        proof = settling.ask(wanted, environment)
        proof.faults[:0] = faults
        if not accept_faults:
            _refuse_faults(proof.faults)
    except BaseException:
        for params in (target.content, target.keys):
            if params:
                postgresql_copy.empty_again(params)
        raise
    return Restored(source.made, source.keys, gone, proof)


def _refuse_faults(faults: list[str]) -> None:
    if faults:
        shown = "\n".join(faults[:SHOWN])
        raise Trouble(
            f"{shown}\n合わないところが{len(faults)}件あるので、戻していません。"
            "--at で別の写しを選べます。写したときからそうなっていて、ほかに手がないときは、"
            "--accept-faults を付けると、そのまま戻します。",
            why="damaged",
        )


def _refuse_missing_erasures(at: Places, keys: Manifest, gone: EraseList) -> None:
    """Refuse if any copy here knows of more destroyed keys than the lists and the key copy do."""
    known = max(len(gone.keys), int(keys.facts["destroyed"]))
    wanted = 0
    for name in Shelf(at.content, CONTENT).names():
        try:
            made = manifest.read(Shelf(at.content, CONTENT).path(name), kind=CONTENT)
        except Trouble:
            continue
        if made.signed_by == keys.signed_by:
            wanted = max(wanted, int(made.facts["destroyed"]))
    if known < wanted:
        raise Trouble(
            f"消去の一覧が足りません（{wanted}件のうち{known}件）。"
            "別の場所の erased.jsonl を --erased で指定してください。"
            "どこにもないときだけ、--accept-missing-erasures を付けてください"
            "（消したはずの内容が読めるようになります）。",
            why="damaged",
        )


def _put_in_place(folder: Path, data: Path) -> None:
    """Give the finished folder its name; an empty one that stands there makes room."""
    if data.exists():
        data.rmdir()
    folder.rename(data)
    durable.sync(data.parent)
