"""What an export says of itself: format, moment, how much of everything, what was faulty."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, TypedDict

import orjson
from django.utils.translation import gettext_noop

from renkei.audit.trail import Break
from renkei.kernel import program
from renkei.kernel.errors import Problem
from renkei.moving.archive import NOT_OURS
from renkei.moving.columns import moment
from renkei.moving.tables import Table, schema, tables

WHAT: Final = "renkei export"
FORMAT: Final = 1
NO_VALUES = ("kernel.DataKey", "files.File")  # tables of which a fault is no sealed value

NEWER = gettext_noop(
    "This file was written in format %(format)s; this version of Renkei reads %(ours)s. "
    "Please use the version that wrote it, %(program)s, or a newer one."
)
OTHER_SCHEMA = gettext_noop(
    "This file was written by version %(program)s, whose tables differ from those of this "
    "version. Please import it with that version and update afterwards."
)


class Tally(TypedDict):
    """How much was moved."""

    rows: int
    keys: int
    files: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A sealed value that does not open, and why: a key of ``held.WHYS``."""

    table: str
    id: str
    column: str
    why: str


@dataclass(slots=True)
class Manifest:
    """One export's account of itself. Who signed its sums is told by the public key it names."""

    moment: str
    signed_by: str
    audit: dict[str, Any]
    format: int = FORMAT
    program: str = ""
    schema: dict[str, str] = field(default_factory=schema)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: int = 0
    files: int = 0
    faults: list[dict[str, str]] = field(default_factory=list)
    breaks: list[dict[str, Any]] = field(default_factory=list)

    def written(self) -> bytes:
        """As it stands in the file."""
        said = {"what": WHAT} | asdict(self)
        return orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def damaged_values(self) -> set[str]:
        """The places of the sealed values that do not open: ``table/id/column``."""
        values = [one for one in self.faults if one["table"] not in NO_VALUES]
        return {f"{one['table']}/{one['id'].replace('-', '')}/{one['column']}" for one in values}

    @property
    def tally(self) -> Tally:
        """How much of everything."""
        rows = sum(one["rows"] for one in self.tables.values())
        return Tally(rows=rows, keys=self.keys, files=self.files)


def begin(at: datetime, signed_by: str) -> Manifest:
    """The manifest of an export of this moment; counts and faults are added as it goes."""
    return Manifest(moment(at), signed_by, audit_heads(), program=program.version())


def described(table: Table, rows: int) -> dict[str, Any]:
    """What the manifest says of a table."""
    return {"rows": rows, "columns": {one.name: one.described() for one in table.columns}}


def audit_heads() -> dict[str, Any]:
    """How many chains there are, and one digest of all their ends.

    SHA-256 over a line ``stream seq hash`` for each, by stream.
    """
    digest, count = sha256(), 0
    heads = tables()["audit.AuditHead"].model._default_manager.values_list("stream", "seq", "hash")
    for stream, seq, end in sorted(heads):
        digest.update(f"{stream} {seq} {bytes(end).hex()}\n".encode())
        count += 1
    return {"streams": count, "sha256": digest.hexdigest()}


def listed(breaks: list[Break]) -> list[dict[str, Any]]:
    """What of the trail did not fit, as the manifest lists it."""
    return [asdict(one) for one in breaks]


def read(content: bytes) -> Manifest:
    """The manifest of a file that this version can import.

    Raises:
        Problem: it is no manifest, or of a version that this one does not read.
    """
    try:
        said = orjson.loads(content)
        if said.pop("what") != WHAT:
            raise ValueError
        if said["format"] != FORMAT:
            raise Problem(NEWER, format=said["format"], ours=FORMAT, program=said["program"])
        found = Manifest(**said)
        _check_shape(found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Problem(NOT_OURS) from error
    if found.schema != schema():
        raise Problem(OTHER_SCHEMA, program=found.program)
    return found


def _check_shape(found: Manifest) -> None:
    """ValueError, TypeError and the like if something in it is not what it should be."""
    counts = [found.keys, found.files, *(one["rows"] for one in found.tables.values())]
    if not all(type(one) is int for one in counts) or not isinstance(found.signed_by, str):
        raise ValueError
    for fault in found.faults:
        Fault(**fault)
    for one in found.breaks:
        Break(**one)
