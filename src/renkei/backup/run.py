"""One run of a backup: content, keys and erase list, to two places that lie apart."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from renkei.backup import content, erasures, generations, keycopy, recipients, sqlite_copy
from renkei.backup.filecopies import Tally
from renkei.backup.manifest import Manifest
from renkei.backup.places import Places, refuse_no_data
from renkei.backup.recording import record
from renkei.backup.shelves import CONTENT, KEYS, Shelf, make_folder, sweep
from renkei.backup.tables import Progress
from renkei.backup.trouble import Trouble, at_place
from renkei.files import store
from renkei.kernel import age, clock, durable, signing

README: Final = "お読みください.txt"
_WORDS: Final = """\
ここにあるのは、在宅ケアの連携システム Renkei（連携）の写し（バックアップ）です。

・中身は age 形式（age-encryption.org/v1）で封じてあり、鍵のファイルがないと開けません。
・内容の写しと、鍵の写し（別の場所にあります）の両方がそろって、はじめて元に戻せます。
・戻し方（新しい機械で）:
    renkei restore この場所 --keys 鍵の写しの場所 --identity 鍵のファイル --data 新しいフォルダー
・確かめ方:
    renkei backup verify この場所 --keys 鍵の写しの場所 --identity 鍵のファイル
・この場所のファイルを手で変えたり、名前を変えたりしないでください。
"""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run has done, in figures."""

    generation: str
    keys_generation: str
    bytes: int  # of the content generation, its files included
    files: int
    new_files: int
    damaged_files: list[str]
    removed: int  # generations that were too many
    keys_removed: int
    erased: int  # keys that were destroyed since the last copy here
    together: bool  # whether both places are on one disk
    beside_data: bool  # whether one of them is on the disk of the data itself
    seconds: float = field(default=0.0)


@contextmanager
def alone() -> Iterator[None]:
    """Let no other run of this installation begin while the block lasts.

    Raises:
        Trouble: one is at work.
    """
    refuse_no_data()
    path = Path(settings.DATA) / "backup.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Trouble(
            "別のバックアップが動いています。終わるのを待ってから実行してください。", why="other"
        ) from error
    finally:
        os.close(descriptor)


def run(to: Places, progress: Progress, *, keep_all: bool, offline: bool) -> Done:
    """Make a copy of everything while the server runs.

    The database first, then the files it names, then the keys: so every key that is needed is in
    the copy. Each step is recorded; that a record fails hides nothing of what was done.

    Raises:
        Trouble: something could not be copied; what stood there before still stands.
    """
    began = clock.now()
    before = os.umask(0o077)
    try:
        with alone():
            with _recording("content", to.content, began, offline=offline) as told:
                sealed_to = recipients.recipients()
                _prepare(to)
                erased = _note_erased(to, keycopy.destroyed())
                made, tally, removed = _copy_content(to, sealed_to, progress, keep_all=keep_all)
                told |= {"generation": made.generation, "files": tally.count}
                told |= {"bytes": made.size + tally.bytes, **_standing(to.content, CONTENT)}
            with _recording("keys", to.keys, clock.now(), offline=offline) as told:
                keys, keys_removed = _copy_keys(to, sealed_to)
                told |= {"generation": keys.generation, "bytes": keys.size}
                told |= _standing(to.keys, KEYS)
    finally:
        os.umask(before)
    return Done(
        generation=made.generation,
        keys_generation=keys.generation,
        bytes=made.size + tally.bytes,
        files=tally.count,
        new_files=tally.new,
        damaged_files=tally.damaged,
        removed=removed,
        keys_removed=keys_removed,
        erased=erased,
        together=_disk(to.content) == _disk(to.keys),
        beside_data=_disk(Path(settings.DATA)) in (_disk(to.content), _disk(to.keys)),
        seconds=(clock.now() - began).total_seconds(),
    )


def _disk(folder: Path) -> int:
    return folder.stat().st_dev


def _prepare(to: Places) -> None:
    sweep(Path(settings.DATA), sqlite_copy.SCRATCH)
    for root, kind in ((to.content, CONTENT), (to.keys, KEYS)):
        with at_place(root):
            make_folder(root)
            Shelf(root, kind).clean()
            _refuse_others(root, kind)
            if not (root / README).exists():
                durable.put(root / README, _WORDS.encode())


def _refuse_others(root: Path, kind: str) -> None:
    """Refuse a place where another installation keeps its copies: each would tidy up the other's.

    Raises:
        Trouble: there are copies there that somebody else signed.
    """
    signers = {one.signed_by for one in content.readable(root, kind)}
    if signers - {signing.public_key()}:
        raise Trouble(
            f"{root} には別のシステムの写しがあります。別の場所を指定してください。",
            why="unreachable",
        )


def _copy_content(
    to: Places, sealed_to: list[age.Recipient], progress: Progress, *, keep_all: bool
) -> tuple[Manifest, Tally, int]:
    with store.keeping():
        gone = keycopy.destroyed()
        _note_erased(to, gone)
        made, tally = content.copy(to.content, sealed_to, destroyed=len(gone), progress=progress)
    with at_place(to.content):
        removed, _ = content.prune(to.content, made.generation, keep_all=keep_all)
    return made, tally, removed


def _copy_keys(to: Places, sealed_to: list[age.Recipient]) -> tuple[Manifest, int]:
    made = keycopy.copy(to.keys, sealed_to)
    removed = keycopy.prune(to.keys, made)
    _note_erased(to, keycopy.destroyed())
    return made, removed


def _note_erased(to: Places, gone: Mapping[UUID, datetime]) -> int:
    """Put every destroyed key on the list at each place; how many are news at one of them."""
    news = 0
    for root in (to.content, to.keys):
        with at_place(root):
            news = max(news, erasures.note(root, gone))
    return news


def _standing(root: Path, kind: str) -> dict[str, Any]:
    names = Shelf(root, kind).names()
    return {"generations": len(names), "oldest": generations.moment_of(names[0])}


@contextmanager
def _recording(
    kind: str, place: Path, began: datetime, *, offline: bool
) -> Iterator[dict[str, Any]]:
    """Record how the block went; it says of what."""
    told: dict[str, Any] = {}
    try:
        yield told
    except BaseException as error:
        why = error.why if isinstance(error, Trouble) else "other"
        if isinstance(error, KeyboardInterrupt | SystemExit):
            why = "stopped"
        record(kind, place, began, outcome="failed", why=why, offline=offline)
        raise
    record(kind, place, began, outcome="done", offline=offline, **told)
