"""The list of rows that goes with a copy, and what differs from it after a restore."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO, Final

from renkei.backup.tables import Row

_KEPT: Final = 16  # hexadecimal digits of a row's hash; the table's digest is over the whole


@dataclass(frozen=True, slots=True)
class Difference:
    """The first row of a table that is not what the list says."""

    table: str
    key: str  # the primary key, a JSON list
    what: str  # "changed", "missing" or "unknown"


def write(row: Row, sink: BinaryIO) -> None:
    """Add one row to the list."""
    sink.write(b"%s\t%s\t%s\n" % (row.table.encode(), row.key, row.hash.hex()[:_KEPT].encode()))


def read(source: BinaryIO) -> Iterator[tuple[str, bytes, str]]:
    """The table, primary key and hash of each row on the list."""
    for line in source:
        table, key, hash_ = line.rstrip(b"\n").split(b"\t")
        yield table.decode(), key, hash_.decode()


def differences(
    listed: Iterable[tuple[str, bytes, str]], found: Iterable[Row]
) -> Iterator[Difference]:
    """The first difference of each table; both in the order of table names and primary keys."""
    theirs = groupby(listed, key=lambda one: one[0])
    ours = groupby(found, key=lambda row: row.table)
    mine = next(ours, None)
    for table, wanted in theirs:
        while mine is not None and mine[0] < table:
            yield Difference(mine[0], next(mine[1]).key.decode(), "unknown")
            mine = next(ours, None)
        if mine is None or mine[0] > table:
            yield Difference(table, next(wanted)[1].decode(), "missing")
            continue
        yield from _first(table, wanted, mine[1])
        mine = next(ours, None)
    while mine is not None:
        yield Difference(mine[0], next(mine[1]).key.decode(), "unknown")
        mine = next(ours, None)


def _first(
    table: str, wanted: Iterator[tuple[str, bytes, str]], found: Iterator[Row]
) -> Iterator[Difference]:
    for _, key, hash_ in wanted:
        row = next(found, None)
        if row is None or row.key != key:
            yield Difference(table, key.decode(), "missing")
            return
        if row.hash.hex()[:_KEPT] != hash_:
            yield Difference(table, key.decode(), "changed")
            return
    for row in found:
        yield Difference(table, row.key.decode(), "unknown")
        return
