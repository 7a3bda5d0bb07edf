"""Rows from a file into the tables: each value checked, each sealed value sealed as it was."""

from collections import Counter
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.management.color import no_style
from django.db import connection
from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem
from renkei.kernel.sealed import SealedField
from renkei.moving import archive
from renkei.moving.archive import Member
from renkei.moving.columns import Column
from renkei.moving.exporting import Progress
from renkei.moving.held import HeldKeys
from renkei.moving.manifest import NO_VALUES, Fault, Manifest
from renkei.moving.tables import Table, tables

_AT_ONCE = 1000  # rows

UNKNOWN_TABLE = gettext_noop("The file holds a table that this version does not know: %(table)s.")
COLUMNS = gettext_noop("%(member)s, line %(line)s: these are not the columns of the table.")
VALUE = gettext_noop("%(member)s, line %(line)s: %(column)s holds what cannot be there.")
COUNT = gettext_noop("The file does not hold as many rows of %(table)s as it says.")
OTHER_FAULTS = gettext_noop("What is damaged in the file is not what it says is damaged.")

Row = dict[str, Any]


class Rows:
    """Takes rows in, part by part."""

    def __init__(self, manifest: Manifest, held: HeldKeys, progress: Progress) -> None:
        self._manifest = manifest
        self._held = held
        self._progress = progress
        self._counts: Counter[str] = Counter()
        self._faults: set[Fault] = set()
        self._total = manifest.tally["rows"]

    def take(self, member: Member, content: bytes) -> None:
        """Take in one part of a table.

        Raises:
            Problem: there is something in it that cannot be.
        """
        label = member.folder.partition("/")[2]
        table = tables().get(label)
        if table is None:
            raise Problem(UNKNOWN_TABLE, table=label)
        part = _Part(table, member.name)
        found = archive.lines(content)
        while batch := [(line, part.read(line, said)) for line, said in islice(found, _AT_ONCE)]:
            keys = _keys_within(table, [row for _, row in batch])
            for line, row in batch:
                self._seal(part, line, row, keys)
            part.insert([row for _, row in batch])
            self._counts[label] += len(batch)
            self._progress("rows", min(self._counts.total(), self._total), self._total)

    def _seal(self, part: "_Part", line: int, row: Row, keys: dict[UUID, UUID]) -> None:
        """Put the ciphertext in the place of what was opened."""
        own = row.get("key_id") if part.table.has_own_key else None
        if own is not None and own not in self._held and not self._manifest.faults:
            raise Problem(VALUE, member=part.name, line=line, column="key_id")
        for field in part.table.sealed:
            written = row[field.attname]
            if written is None:
                continue
            record = row[f"{field.within}_id"] if field.within else row["id"]
            number = [row[field.numbered]] if field.numbered else []
            try:
                key = keys[record] if field.within else row["key_id"]
                place = field.place(record, *number)
                row[field.attname] = self._held.resealed(key, written, place, field.holds)
            except (ValueError, KeyError) as error:
                raise part.wrong(line, field.attname) from error
            if "fault" in written:
                label = part.table.label
                self._faults.add(Fault(label, str(row["id"]), field.name, written["fault"]))

    def end(self) -> None:
        """See that everything is there, and let numbers go on after the highest.

        Raises:
            Problem: rows are missing, or too many, or damaged otherwise than the file says.
        """
        for label in tables().keys() | self._manifest.tables.keys():
            if self._counts[label] != self._manifest.tables.get(label, {"rows": 0})["rows"]:
                raise Problem(COUNT, table=label)
        said = {Fault(**one) for one in self._manifest.faults}
        if {one for one in said if one.table not in NO_VALUES} != self._faults:
            raise Problem(OTHER_FAULTS)
        models = [table.model for table in tables().values()]
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)


class _Part:
    """One part of a table: how its rows are read and inserted."""

    def __init__(self, table: Table, name: str) -> None:
        self.table = table
        self.name = name
        quoted = connection.ops.quote_name
        names = ", ".join(quoted(one.name) for one in table.columns)
        places = ", ".join(["%s"] * len(table.columns))
        self._insert = f"INSERT INTO {quoted(table.model._meta.db_table)} ({names})"
        self._insert += f" VALUES ({places})"
        self._names = {one.name for one in table.columns}

    def wrong(self, line: int, column: str) -> Problem:
        """What to say of a value that cannot be."""
        return Problem(VALUE, member=self.name, line=line, column=column)

    def read(self, line: int, said: dict[str, object]) -> Row:
        """The row as Python knows it, its sealed values still as they were written.

        Raises:
            Problem: a column is missing or not known, or a value cannot be.
        """
        if said.keys() != self._names:
            raise Problem(COLUMNS, member=self.name, line=line)
        return {one.name: self._value(line, one, said[one.name]) for one in self.table.columns}

    def _value(self, line: int, column: Column, value: object) -> Any:
        try:
            if isinstance(column.field, SealedField) and value is not None:
                return value
            return column.read(value)
        except ValueError as error:
            raise self.wrong(line, column.name) from error

    def insert(self, rows: list[Row]) -> None:
        """Insert them."""
        columns = self.table.columns
        saved = [[one.save(row[one.name]) for one in columns] for row in rows]
        with connection.cursor() as cursor:
            cursor.executemany(self._insert, saved)


def _keys_within(table: Table, rows: list[Row]) -> dict[UUID, UUID]:
    """Of the records whose key and place other rows share: the key, by id."""
    keys: dict[UUID, UUID] = {}
    for field in table.sealed:
        if field.within:
            target = table.model._meta.get_field(field.within).related_model
            assert isinstance(target, type)
            wanted = {row[f"{field.within}_id"] for row in rows}
            found = target._default_manager.filter(pk__in=wanted)
            keys.update(found.values_list("pk", "key_id"))
    return keys
