"""The last steps in an installation that was brought back, done within it, by a process of its own.

Whoever brings it back asks ``renkei settle`` in one JSON object and is answered in one.
"""

import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from renkei.backup import bringback, proving
from renkei.backup.proving import Proof
from renkei.backup.trouble import Trouble
from renkei.kernel import clock, master, vault
from renkei.people.models import Session
from renkei.policy.standing import HOST
from renkei.policy.use_case import Change, use_case

SECONDS = 6 * 3600  # the longest that the proof of a large installation may take


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done.

    Args:
        erased: every key on an erase list, by its id, with the moment in microseconds.
        generation: the content that was brought back.
        keys: the keys that were brought back.
        lost: the files that are known not to be there.
        trial: whether it is brought back for a trial only, and leaves no line.
        masters: the master keys that this process was given in its environment, in base64.
    """

    erased: dict[str, int]
    generation: str
    keys: str
    lost: list[str]
    trial: bool
    masters: list[str] = field(default_factory=list)


def wish(
    source: bringback.Source, erased: Mapping[UUID, datetime], *, trial: bool
) -> dict[str, Any]:
    """What to ask for, as JSON takes it."""
    assert source.keys is not None
    return asdict(
        Wish(
            erased={key.hex: clock.to_us(at) for key, at in erased.items()},
            generation=source.made.generation,
            keys=source.keys.generation,
            lost=sorted(bringback.lost(source)),
            trial=trial,
            masters=_masters(),
        )
    )


def _masters() -> list[str]:
    """What stood in the environment and was taken out of it; other sources can be read anew."""
    if master.source()[0] is not master.Source.ENVIRONMENT:
        return []
    return [b64encode(key).decode() for key in master.read()]


def ask(wanted: dict[str, Any], environment: Mapping[str, str]) -> Proof:
    """Let a process of its own settle the installation that ``environment`` names.

    Raises:
        Trouble: it could not.
    """
    done = subprocess.run(
        [sys.executable, "-m", "renkei", "settle"],
        input=orjson.dumps(wanted),
        capture_output=True,
        env=dict(environment),
        timeout=SECONDS,
    )
    try:
        return Proof(**orjson.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError) as error:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise Trouble(
            f"元に戻したものを動かせません: {''.join(last)[:300]}", why="damaged"
        ) from error


def settle(
    asked: bytes,
    verify: Callable[[Collection[str]], list[str]],
    remove_erased: Callable[[], object],
) -> bytes:
    """Replay the erasures, end all sessions, leave a line, and prove everything; the answer.

    Args:
        asked: a ``Wish`` in JSON.
        remove_erased: removes what came back of what was erased since; not for a trial.
        verify: proves everything stored, but for these files; says what does not fit.
    """
    wanted = Wish(**orjson.loads(asked))
    if wanted.masters:
        master.bring([b64decode(key) for key in wanted.masters])
    if wanted.erased:
        vault.destroy_again({UUID(key): clock.from_us(at) for key, at in wanted.erased.items()})
    if not wanted.trial:
        begin_anew(
            HOST,
            None,
            generation=wanted.generation,
            keys=wanted.keys,
            erased=len(wanted.erased),
        )
        remove_erased()
    proof = proving.prove()
    proof.faults += verify(wanted.lost)
    return orjson.dumps(asdict(proof))


@use_case("backup.restore", on="region")
def begin_anew(change: Change, *, generation: str, keys: str, erased: int) -> None:
    """Record from which copy this installation was brought back, and end every session.

    Whoever was signed in when the copy was made may have been released or suspended since.
    """
    ended, _ = Session.objects.all().delete()
    change.end_standings()
    change.entity = f"Backup/{generation}"
    change.detail |= {"keys": keys, "erased": erased, "sessions": ended}


def environment_of(
    base: Mapping[str, str], folder: Path, *, content: str, keys: str
) -> dict[str, str]:
    """The environment of a process that works on the installation in ``folder``, and on no other.

    Files that were brought back lie there, so the bucket of the running installation is left out.

    Args:
        base: the environment of this process.
        folder: its data folder.
        content: the address of its database; empty for SQLite.
        keys: the address of its key store; empty for SQLite.
    """
    found = {**base, "RENKEI_DATA": str(folder), "RENKEI_LOG": "ERROR"}
    for name, url in (("DATABASE_URL", content), ("KEYS_DATABASE_URL", keys), ("S3_URL", "")):
        found.pop(name, None)
        if url:
            found[name] = url
    return found
