"""The index in PostgreSQL: a schema of its own beside the logs, that no copy takes along.

Its tables are unlogged: what the index says is in no write-ahead log and no archive of one, and
after a crash of the database it is made anew.
"""

from array import array
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from renkei.communication.following import News, Overtaken, Place
from renkei.communication.index import history
from renkei.communication.index.store import FORMAT, Candidate, Indexed
from renkei.kernel.database import execute, id_of, row, rows

SCHEMA_NAME: Final = "renkei_index"
AT_ONCE: Final = 300  # candidates asked for together, at first
_HERE: Final = SCHEMA_NAME
_TABLES: Final = (
    f"CREATE SCHEMA {_HERE}",
    f"COMMENT ON SCHEMA {_HERE} IS '{FORMAT}'",
    f"""CREATE UNLOGGED TABLE {_HERE}.place (id serial PRIMARY KEY, grp uuid NOT NULL UNIQUE,
      seq bigint NOT NULL, alteration bigint NOT NULL, mark bytea)""",
    f"""CREATE UNLOGGED TABLE {_HERE}.entry (place integer, seq bigint, sent bigint NOT NULL,
      tokens bigint[] NOT NULL, PRIMARY KEY (place, seq))""",
    f"CREATE INDEX entry_tokens ON {_HERE}.entry USING gin (tokens)",
)
_FORMAT_OF = f"SELECT obj_description(to_regnamespace('{_HERE}'), 'pg_namespace')"
_PUT = f"""
    INSERT INTO {_HERE}.entry (place, seq, sent, tokens) VALUES (%s, %s, %s, %s)
    ON CONFLICT (place, seq) DO UPDATE SET sent = EXCLUDED.sent, tokens = EXCLUDED.tokens"""
_ASK = f"""
    SELECT w.grp, e.seq, e.sent
    FROM unnest(%s::uuid[], %s::integer[], %s::text[]) AS w(grp, place, wanted)
    CROSS JOIN LATERAL (
      SELECT x.seq, x.sent FROM {_HERE}.entry x
      WHERE x.tokens @> w.wanted::bigint[] AND x.place = w.place) e
    ORDER BY e.sent DESC, w.place, e.seq DESC LIMIT %s OFFSET %s"""


class InPostgreSQL:
    """The index of an installation on PostgreSQL."""

    def __init__(self) -> None:
        self._looked_at: str | None = None

    # Cursors

    def begin(self) -> None:
        """See that there is an index of today's form, and of this very history."""
        if not self._is_made():
            self.clear()
        database = str(connection.settings_dict["NAME"])
        if self._looked_at != database:
            marks = [
                (id_of(one[0]), one[1], one[2], one[3])
                for one in rows(f"SELECT grp, seq, alteration, mark FROM {_HERE}.place", [])
            ]
            self.forget(history.gone(marks))
            self._looked_at = database

    @staticmethod
    def _is_made() -> bool:
        found = row(_FORMAT_OF, [])
        return found is not None and found[0] == str(FORMAT)

    def behind(self, groups: Collection[UUID] | None) -> list[Place]:
        """The groups, of these or of all, in which there is something to take."""
        if groups is not None and not groups:
            return []
        named = "" if groups is None else " AND g.id = ANY(%s::uuid[])"
        found = rows(
            "SELECT g.id, COALESCE(p.seq, 0), COALESCE(p.alteration, 0), g.last_seq,"
            f" g.last_alteration FROM group_group g LEFT JOIN {_HERE}.place p ON p.grp = g.id"
            " WHERE (g.last_seq > COALESCE(p.seq, 0)"
            f" OR g.last_alteration > COALESCE(p.alteration, 0)){named} ORDER BY g.id",
            [] if groups is None else [[one.hex for one in groups]],
        )
        return [(id_of(one[0]), *one[1:]) for one in found]

    @contextmanager
    def step(self) -> Iterator[None]:
        """One transaction, that of the logs too."""
        with transaction.atomic():
            yield

    def move(self, news: News) -> None:
        """Put the cursor behind what was taken, if it stands where it stood."""
        moved = execute(
            f"UPDATE {_HERE}.place SET seq = %s, alteration = %s, mark = %s"
            " WHERE grp = %s AND seq = %s AND alteration = %s",
            [
                *(news.last, news.last_alteration, history.mark(news)),
                *(news.group.hex, news.after, news.alteration),
            ],
        )
        if not moved:
            raise Overtaken(news.group)

    def positions(self, groups: Collection[UUID]) -> dict[UUID, int]:
        """Up to which entry each of the groups is in the index."""
        return {group: seq for group, (_, seq) in self._places(groups).items()}

    def _places(self, groups: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
        """The numbers that stand for the groups here, and up to which entry they are in."""
        if not self._is_made():
            return {}
        found = rows(
            f"SELECT grp, id, seq FROM {_HERE}.place WHERE grp = ANY(%s::uuid[])",
            [[one.hex for one in groups]],
        )
        return {id_of(one[0]): (one[1], one[2]) for one in found}

    # Writing

    def reading(self, news: News) -> list[int]:
        """The new ones and the altered ones."""
        return news.seqs

    def put(self, news: News, entries: Mapping[int, Indexed]) -> None:
        """Keep what these entries hold now; what was read and is not among them goes."""
        execute(
            f"INSERT INTO {_HERE}.place (grp, seq, alteration) VALUES (%s, 0, 0)"
            " ON CONFLICT DO NOTHING",
            [news.group.hex],
        )
        place = self._places([news.group])[news.group][0]
        out = [seq for seq in self.reading(news) if seq not in entries]
        if out:
            execute(
                f"DELETE FROM {_HERE}.entry WHERE place = %s AND seq = ANY(%s::bigint[])",
                [place, out],
            )
        with connection.cursor() as cursor:
            cursor.executemany(
                _PUT,
                [(place, seq, one.sent_us, list(one.tokens)) for seq, one in entries.items()],
            )

    # Asking

    def candidates(
        self, wanted: Mapping[UUID, "array[int]"]
    ) -> Iterator[tuple[list[Candidate], int]]:
        """Where all the tokens stand, newest first."""
        places = self._places(list(wanted))
        groups = [group.hex for group in places]
        numbers = [number for number, _ in places.values()]
        words = ["{" + ",".join(map(str, wanted[group])) + "}" for group in places]
        taken, size = 0, AT_ONCE
        while places:
            found = rows(_ASK, [groups, numbers, words, size, taken])
            whole = len(found) < size
            yield [(id_of(one[0]), one[1]) for one in found], 0 if whole else found[-1][2]
            if whole:
                return
            taken, size = taken + size, size * 4

    # Going

    def forget(self, groups: Collection[UUID]) -> None:
        """Let nothing of these groups be left."""
        if not groups or not self._is_made():
            return
        ids = [[one.hex for one in groups]]
        of_them = f"SELECT id FROM {_HERE}.place WHERE grp = ANY(%s::uuid[])"
        execute(f"DELETE FROM {_HERE}.entry WHERE place IN ({of_them})", ids)
        execute(f"DELETE FROM {_HERE}.place WHERE grp = ANY(%s::uuid[])", ids)

    def clear(self) -> None:
        """Begin with nothing, so that all is taken anew."""
        with transaction.atomic():
            execute(f"DROP SCHEMA IF EXISTS {_HERE} CASCADE", [])
            for statement in _TABLES:
                execute(statement, [])
