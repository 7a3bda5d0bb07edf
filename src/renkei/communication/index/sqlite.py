"""The index in a file of its own, ``index.db``: not copied, made anew when it is not there.

The newest entries of a group, fewer than 64, lie in ``fresh`` one by one. Each 64 become a block:
for every token one row with 64 bits, one for each entry. A block is always made as a whole from its
entries as they are, so nothing is left in it of what was corrected, withdrawn or hidden. Tokens are
kept with 31 bits, enough to be rarely wrong; every hit is opened and looked at anyway.
"""

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import local
from typing import Final, TypeVar
from uuid import UUID

from django.conf import settings

from renkei.communication.following import News, Place
from renkei.communication.index import history
from renkei.communication.index.store import FORMAT, Candidate, Indexed

T = TypeVar("T")
BLOCK: Final = 64  # entries; as many bits as a number has
AT_ONCE: Final = 50  # candidates handed out together
SLICE: Final = 128  # blocks looked into together
_ALL: Final = 2**BLOCK - 1
_Sent = tuple[int, int, int]  # when it was sent, the place, the number of the entry
_SCHEMA: Final = """
    CREATE TABLE place (id INTEGER PRIMARY KEY, grp BLOB NOT NULL UNIQUE, seq INTEGER NOT NULL,
      alteration INTEGER NOT NULL, mark BLOB);
    CREATE TABLE fresh (place INTEGER, seq INTEGER, sent INTEGER, tokens BLOB,
      PRIMARY KEY (place, seq)) WITHOUT ROWID;
    CREATE TABLE block (place INTEGER, block INTEGER, newest INTEGER,
      times BLOB, PRIMARY KEY (place, block)) WITHOUT ROWID;
    CREATE TABLE posting (place INTEGER, block INTEGER, token INTEGER, bits INTEGER,
      PRIMARY KEY (place, block, token)) WITHOUT ROWID;"""


def path() -> Path:
    """The file."""
    return Path(settings.DATA) / "index.db"


_threads = local()


def _open() -> sqlite3.Connection:
    """This thread's connection to the file; of another one when the data folder changed."""
    wanted = path()
    if getattr(_threads, "path", None) != wanted or not wanted.exists():
        close()
        wanted.touch(0o600)
        opened = sqlite3.connect(wanted, isolation_level=None, timeout=20)
        opened.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;"
            "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000;"
        )
        _threads.connection, _threads.path = opened, wanted
    found: sqlite3.Connection = _threads.connection
    return found


def close() -> None:
    """Let go of this thread's connection."""
    if (opened := getattr(_threads, "connection", None)) is not None:
        opened.close()
    _threads.connection = _threads.path = None


def _remove() -> None:
    close()
    for file in (path(), *(path().with_name(f"index.db-{one}") for one in ("wal", "shm"))):
        file.unlink(missing_ok=True)


def _is_made() -> bool:
    """Whether there is an index, and of today's form."""
    return path().exists() and bool(_open().execute("PRAGMA user_version").fetchone()[0] == FORMAT)


def _low(token: int) -> int:
    return token & 0x7FFFFFFF


class InFile:
    """The index of an installation on SQLite."""

    def __init__(self) -> None:
        self._looked_at: Path | None = None

    # Cursors

    def begin(self) -> None:
        """See that there is an index of today's form, and of this very history."""
        try:
            made = _is_made()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            _remove()  # it is no database any more: nothing is lost with it
            made = False
        if not made:
            self.clear()
        if self._looked_at != path():
            marks = _open().execute("SELECT grp, seq, alteration, mark FROM place").fetchall()
            self.forget(history.gone([(UUID(bytes=one[0]), *one[1:]) for one in marks]))
            self._looked_at = path()

    def behind(self, groups: Collection[UUID] | None) -> list[Place]:
        """The groups, of these or of all, in which there is something to take."""
        ends = history.ends(groups)
        known = self._cursors(None if groups is None else ends)
        at = [(group, *known.get(group, (0, 0)), *end) for group, end in ends.items()]
        return [one for one in at if one[3] > one[1] or one[4] > one[2]]

    @contextmanager
    def step(self) -> Iterator[None]:
        """One transaction of the index. A power cut may cost the last ones, with their cursors."""
        opened = _open()
        opened.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            opened.execute("ROLLBACK")
            raise
        opened.execute("COMMIT")

    def move(self, news: News) -> None:
        """Put the cursor behind what was taken; in the one transaction nobody is in between."""
        _open().execute(
            "UPDATE place SET seq = ?, alteration = ?, mark = ? WHERE id = ?",
            [news.last, news.last_alteration, history.mark(news), self._place(news.group)],
        )

    def positions(self, groups: Collection[UUID]) -> dict[UUID, int]:
        """Up to which entry each of the groups is in the index."""
        if not _is_made():
            return {}
        return {group: at[0] for group, at in self._cursors(groups).items()}

    def _cursors(self, groups: Collection[UUID] | None) -> dict[UUID, tuple[int, int]]:
        asked = "SELECT grp, seq, alteration FROM place"
        found: list[tuple[bytes, int, int]] = []
        if groups is None:
            found = _open().execute(asked).fetchall()
        else:
            for some in _pieces([one.bytes for one in groups]):
                marks = ", ".join("?" * len(some))
                found += _open().execute(f"{asked} WHERE grp IN ({marks})", some).fetchall()
        return {UUID(bytes=one[0]): (one[1], one[2]) for one in found}

    def _place(self, group: UUID) -> int:
        """The number that stands for a group here."""
        opened = _open()
        opened.execute(
            "INSERT INTO place (grp, seq, alteration) VALUES (?, 0, 0) ON CONFLICT DO NOTHING",
            [group.bytes],
        )
        found: int = opened.execute("SELECT id FROM place WHERE grp = ?", [group.bytes]).fetchone()[
            0
        ]
        return found

    # Writing

    def reading(self, news: News) -> list[int]:
        """The new ones and the altered ones; if these stand in a block, all of that block."""
        wanted = set(news.seqs)
        finished = news.after // BLOCK
        for block in {(seq - 1) // BLOCK for seq in wanted if seq <= finished * BLOCK}:
            wanted.update(range(block * BLOCK + 1, (block + 1) * BLOCK + 1))
        return sorted(wanted)

    def put(self, news: News, entries: Mapping[int, Indexed]) -> None:
        """Keep what these entries hold now; what was read and is not among them goes."""
        place, read = self._place(news.group), self.reading(news)
        before, now = news.after // BLOCK, news.last // BLOCK
        for block in sorted({(seq - 1) // BLOCK for seq in read if (seq - 1) // BLOCK < before}):
            self._write(place, block, _within(entries, block))
        if now > before:
            fresh = self._fresh(place) | dict(entries)
            for seq in set(read) - entries.keys():
                fresh.pop(seq, None)
            for block in range(before, now):
                self._write(place, block, _within(fresh, block))
        opened = _open()
        opened.execute("DELETE FROM fresh WHERE place = ? AND seq <= ?", [place, now * BLOCK])
        open_ones = [seq for seq in read if seq > now * BLOCK]
        opened.executemany(
            "DELETE FROM fresh WHERE place = ? AND seq = ?", [(place, seq) for seq in open_ones]
        )
        opened.executemany(
            "INSERT INTO fresh (place, seq, sent, tokens) VALUES (?, ?, ?, ?)",
            [
                (place, seq, one.sent_us, array("i", map(_low, one.tokens)).tobytes())
                for seq in open_ones
                if (one := entries.get(seq)) is not None
            ],
        )

    def _fresh(self, place: int) -> dict[int, Indexed]:
        found = _open().execute("SELECT seq, sent, tokens FROM fresh WHERE place = ?", [place])
        return {seq: Indexed(sent, array("i", tokens)) for seq, sent, tokens in found}

    def _write(self, place: int, block: int, entries: Mapping[int, Indexed]) -> None:
        """Make a block anew."""
        opened, bits = _open(), defaultdict[int, int](int)
        for seq, one in entries.items():
            bit = 1 << (seq - 1) % BLOCK
            for token in one.tokens:
                bits[_low(token)] |= bit
        here = [place, block]
        opened.execute("DELETE FROM posting WHERE place = ? AND block = ?", here)
        opened.execute("DELETE FROM block WHERE place = ? AND block = ?", here)
        if not entries:
            return
        times = array("q", bytes(8 * BLOCK))
        for seq, one in entries.items():
            times[(seq - 1) % BLOCK] = one.sent_us
        block_row = [*here, max(times), times.tobytes()]
        opened.execute("INSERT INTO block VALUES (?, ?, ?, ?)", block_row)
        opened.executemany(
            "INSERT INTO posting VALUES (?, ?, ?, ?)",
            [(place, block, token, _signed(bits[token])) for token in sorted(bits)],
        )

    # Asking

    def candidates(
        self, wanted: Mapping[UUID, "array[int]"]
    ) -> Iterator[tuple[list[Candidate], int]]:
        """Where all the tokens stand: block by block, the newest first, and what is fresh."""
        if not wanted or not _is_made():
            return
        groups = self._places(wanted)
        words = {place: list(map(_low, wanted[group])) for place, group in groups.items()}
        waiting = self._fresh_with(words)
        blocks = self._blocks(list(words))
        for at in range(0, max(len(blocks), 1), SLICE):
            left = blocks[at + SLICE][0] if at + SLICE < len(blocks) else 0
            waiting += self._in_blocks(blocks[at : at + SLICE], words)
            ripe = [one for one in waiting if one[0] >= left]
            waiting = [one for one in waiting if one[0] < left] if left else []
            yield from _handed_out(sorted(ripe, reverse=True), groups, left)

    @staticmethod
    def _blocks(places: list[int]) -> list[tuple[int, int, int]]:
        """The blocks of these places, newest first."""
        blocks: list[tuple[int, int, int]] = []
        for some in _pieces(places):
            marks = ", ".join("?" * len(some))
            blocks += _open().execute(
                f"SELECT newest, place, block FROM block WHERE place IN ({marks})", some
            )
        return sorted(blocks, reverse=True)

    @staticmethod
    def _in_blocks(
        blocks: list[tuple[int, int, int]], words: Mapping[int, list[int]]
    ) -> list[_Sent]:
        """The entries of these blocks that hold all the tokens of their place."""
        if not blocks:
            return []
        asked = [(place, block, *words[place]) for _, place, block in blocks]
        read = _open().execute(*_ask_blocks(asked))
        found: list[_Sent] = []
        for place, block, times, bits in read:
            sent, first, left = array("q", times), block * BLOCK + 1, bits & _ALL
            while left:  # the entries whose bits are set, and no other
                at = left.bit_length() - 1
                found.append((sent[at], place, first + at))
                left ^= 1 << at
        return found

    @staticmethod
    def _fresh_with(words: Mapping[int, list[int]]) -> list[tuple[int, int, int]]:
        """The fresh entries that hold all the tokens of their place."""
        fresh: list[tuple[int, int, int]] = []
        for some in _pieces([(place, *wanted) for place, wanted in words.items()]):
            fresh += _open().execute(*_ask_fresh(some))
        return fresh

    def _places(self, groups: Iterable[UUID]) -> dict[int, UUID]:
        found: dict[int, UUID] = {}
        for some in _pieces([one.bytes for one in groups]):
            marks = ", ".join("?" * len(some))
            for place, group in _open().execute(
                f"SELECT id, grp FROM place WHERE grp IN ({marks})", some
            ):
                found[place] = UUID(bytes=group)
        return found

    # Going

    def forget(self, groups: Collection[UUID]) -> None:
        """Let nothing of these groups be left, in no file of the index."""
        if not groups or not _is_made():
            return
        with self.step():
            for place in self._places(groups):
                for table in ("posting", "block", "fresh"):
                    _open().execute(f"DELETE FROM {table} WHERE place = ?", [place])
                _open().execute("DELETE FROM place WHERE id = ?", [place])
        _open().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def clear(self) -> None:
        """Begin with nothing, so that all is taken anew."""
        opened = _open()
        with self.step():
            for table in ("posting", "block", "fresh", "place"):
                opened.execute(f"DROP TABLE IF EXISTS {table}")
            for statement in _SCHEMA.split(";"):
                opened.execute(statement)
            opened.execute(f"PRAGMA user_version = {FORMAT}")


def _within(entries: Mapping[int, Indexed], block: int) -> dict[int, Indexed]:
    """Those of a block."""
    numbers = range(block * BLOCK + 1, (block + 1) * BLOCK + 1)
    return {seq: entries[seq] for seq in numbers if seq in entries}


def _signed(bits: int) -> int:
    """64 bits as the number that SQLite keeps."""
    return bits - 2**64 if bits >= 2**63 else bits


def _pieces(all_of_them: list[T], size: int = 500) -> Iterator[list[T]]:
    for at in range(0, len(all_of_them), size):
        yield all_of_them[at : at + size]


def _handed_out(
    found: list[_Sent], groups: Mapping[int, UUID], left: int
) -> Iterator[tuple[list[Candidate], int]]:
    """What was found in portions, each with the moment of the newest that comes after it."""
    portion: list[Candidate] = []
    for moment, place, seq in found:
        if len(portion) >= AT_ONCE:
            yield portion, max(moment, left)
            portion = []
        portion.append((groups[place], seq))
    yield portion, left


def _ask_fresh(asked: list[tuple[int, ...]]) -> tuple[str, list[object]]:
    """The question for the fresh entries that hold all the tokens of their place."""
    width = len(asked[0]) - 1
    line = "(" + ", ".join("?" * (width + 1)) + ")"
    holds = " AND ".join(f"instr(f.tokens, w.column{at + 2}) > 0" for at in range(width))
    sql = f"""
        SELECT f.sent, f.place, f.seq FROM (VALUES {", ".join([line] * len(asked))}) w
        CROSS JOIN fresh f ON f.place = w.column1 WHERE {holds}"""
    values: list[object] = []
    for place, *wanted in asked:
        values += [place, *(array("i", [one]).tobytes() for one in wanted)]
    return sql, values


def _ask_blocks(asked: list[tuple[int, ...]]) -> tuple[str, list[object]]:
    """The question for the bits of the entries of these blocks that hold all the tokens."""
    width = len(asked[0]) - 2
    line = "(" + ", ".join("?" * (width + 2)) + ")"
    joins = " ".join(
        f"CROSS JOIN posting p{at} ON p{at}.place = w.column1 AND p{at}.block = w.column2"
        f" AND p{at}.token = w.column{at + 3}"
        for at in range(width)
    )
    bits = " & ".join(f"p{at}.bits" for at in range(width))
    sql = f"""
        SELECT w.column1, w.column2, b.times, {bits}
        FROM (VALUES {", ".join([line] * len(asked))}) w {joins}
        CROSS JOIN block b ON b.place = w.column1 AND b.block = w.column2
        WHERE ({bits}) <> 0"""
    return sql, [one for line in asked for one in line]
