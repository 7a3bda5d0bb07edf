"""How each kind of column is written as JSON, and read again from a file nobody vouches for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

from django.db import connection, models
from django.db.backends.base.operations import BaseDatabaseOperations

from renkei.kernel.clock import MomentField
from renkei.kernel.sealed import SealedField

if TYPE_CHECKING:
    Field: TypeAlias = models.Field[Any, Any]
else:
    Field = models.Field
Write = Callable[[Any], Any]  # what the database gives → JSON; never given None
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)

# A field is of the first kind that fits it: a moment is a big integer too, a sealed value bytes.
_KINDS: Final[list[tuple[type[Any], str]]] = [
    (SealedField, "sealed"),
    (models.BinaryField, "bytes"),
    (MomentField, "moment"),
    (models.DateTimeField, "moment"),
    (models.DateField, "date"),
    (models.UUIDField, "id"),
    (models.BooleanField, "boolean"),
    (models.JSONField, "json"),
    (models.IntegerField, "number"),
    (models.CharField, "text"),
    (models.GenericIPAddressField, "text"),
    (models.TextField, "text"),
]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, by the name it has in the database."""

    field: Field
    name: str
    kind: str
    refers: str  # the table whose id it holds: "people.Account"

    def write(self, value: Any) -> Any:
        """The value as JSON; sealed ones are not written here."""
        return None if value is None else _WRITE[self.kind](value)

    def read(self, value: Any) -> Any:
        """The value that ``write`` wrote, as Python knows it.

        Raises:
            ValueError: it is none that this column can hold.
        """
        if value is None:
            if not self.field.null:
                raise ValueError("null")
            return None
        return _READ[self.kind](value, self.field)

    def save(self, value: Any) -> Any:
        """What the database driver is given for a value that was read."""
        return self.field.get_db_prep_save(value, connection)

    def described(self) -> dict[str, object]:
        """What the manifest says of it."""
        said: dict[str, object] = {"kind": self.kind, "null": self.field.null}
        if self.refers:
            said["refers"] = self.refers
        if isinstance(self.field, SealedField):
            within = f"{self.field.within}_id" if self.field.within else "id"
            number = f".{{{self.field.numbered}}}" if self.field.numbered else ""
            owner = self.field.place(UUID(int=0)).partition("/")[0]
            said["holds"] = self.field.holds
            said["place"] = f"{owner}/{{{within}}}/{self.field.name}{number}"
        return said


def column(field: Field) -> Column:
    """How this field of a model is written.

    Raises:
        TypeError: it is of a kind that nobody has said how to write.
    """
    target, refers = field, ""
    while isinstance(target, models.ForeignKey):
        refers = refers or target.target_field.model._meta.label
        target = target.target_field
    for known, kind in _KINDS:
        if isinstance(target, known):
            return Column(field, field.attname, kind, refers)
    raise TypeError(f"nobody has said how {field} is exported")


def moment(value: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def read_moment(value: Any) -> datetime:
    """The moment that was written; ValueError if it is none."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("no moment")
    return datetime.fromisoformat(value)


def read_id(value: Any) -> UUID:
    """The id that was written; ValueError if it is none, or spelled otherwise."""
    if not isinstance(value, str) or str(found := UUID(value)) != value:
        raise ValueError("no id")
    return found


def _same(value: Any) -> Any:
    return value


_WRITE: Final[dict[str, Write]] = {
    "bytes": lambda value: bytes(value).hex(),
    "moment": moment,
    "date": date.isoformat,
    "id": str,
    "boolean": _same,
    "json": _same,
    "number": _same,
    "text": _same,
}


def _read_bytes(value: Any, _: object) -> bytes:
    if not isinstance(value, str) or (found := bytes.fromhex(value)).hex() != value:
        raise ValueError("no bytes")
    return found


def _read_date(value: Any, _: object) -> date:
    if not isinstance(value, str) or (found := date.fromisoformat(value)).isoformat() != value:
        raise ValueError("no date")
    return found


def _read_boolean(value: Any, _: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _read_number(value: Any, field: Field) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("no whole number")
    least, most = BaseDatabaseOperations.integer_field_ranges[_number_type(field)]
    if not least <= value <= most:
        raise ValueError("out of range")
    return value


def _number_type(field: Field) -> str:
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field.get_internal_type()


def _read_text(value: Any, field: Field) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("no text")
    if field.max_length is not None and len(value) > field.max_length:
        raise ValueError("too long")
    return value


_READ: Final[dict[str, Callable[[Any, Field], Any]]] = {
    "bytes": _read_bytes,
    "moment": lambda value, _: read_moment(value),
    "date": _read_date,
    "id": lambda value, _: read_id(value),
    "boolean": _read_boolean,
    "json": lambda value, _: value,
    "number": _read_number,
    "text": _read_text,
}
