"""The proof that every sealed value opens in its own place, found from the models themselves."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.audit.trail import Break, Progress
from renkei.kernel.database import damaged_text, id_of, read_on, snapshot
from renkei.kernel.errors import Erased, Tampered
from renkei.kernel.master import masters
from renkei.kernel.models import DataKey
from renkei.kernel.sealed import SealedField, sealed_fields

CHANGED = gettext_noop("what stands there is not what was sealed")
NO_KEY = gettext_noop("its key is not in the key store")


@dataclass(slots=True)
class Seals:
    """What was found."""

    opened: int = 0
    erased: int = 0  # values whose key was destroyed: nothing is wrong with them
    locked: Counter[UUID] = field(default_factory=Counter)  # values under a key that is damaged
    breaks: list[Break] = field(default_factory=list)  # stream: "patient.Patient/<id>/<column>"


def verify(progress: Progress | None = None, *, damaged: frozenset[UUID] = frozenset()) -> Seals:
    """Open every sealed value of every model.

    Args:
        damaged: keys known not to open; the values under them are counted, not named one by one.

    Raises:
        MasterKeyMissing: there is no master key here.
    """
    seals = Seals()
    with damaged_text(), snapshot():
        keys = _keys()
        for column in sealed_fields():
            for found in _values(column):
                _look(seals, column, found, keys, damaged)
                if progress is not None and seals.opened % 1000 == 0:
                    progress(seals.opened)
    return seals


def _keys() -> set[UUID]:
    """Every key of the store, destroyed ones too."""
    masters()
    return set(DataKey.objects.values_list("pk", flat=True))


def _values(column: SealedField) -> Iterator[tuple[Any, ...]]:
    """Id of the row, sealed value, key, record of its place and number, as the columns hold them.

    Plain SQL, because a damaged id must not stop the proof.
    """
    table, joined, owner = column.model._meta.db_table, "", "t"
    if column.within:
        within: Any = column.model._meta.get_field(column.within)
        owner = "o"
        of = within.related_model._meta.db_table
        joined = f" LEFT JOIN {of} o ON o.id = t.{within.column}"
    number = f", t.{column.numbered}" if column.numbered else ""
    return read_on(
        f"SELECT t.id, t.{column.column}, {owner}.key_id, {owner}.id{number}"
        f" FROM {table} t{joined} WHERE t.{column.column} IS NOT NULL"
    )


def _look(
    seals: Seals,
    column: SealedField,
    found: tuple[Any, ...],
    keys: set[UUID],
    damaged: frozenset[UUID],
) -> None:
    why = CHANGED
    try:
        key, record = id_of(found[2]), id_of(found[3])
        if key in damaged:
            seals.locked[key] += 1
            return
        if key in keys:
            column.opened(found[1], key, record, *found[4:])
            seals.opened += 1
            return
        why = NO_KEY
    except Erased:
        seals.erased += 1
        return
    except (Tampered, ValueError, TypeError, AttributeError):  # no id, no bytes, no JSON any more
        pass
    row = found[0] if isinstance(found[0], str) else found[0].hex
    seals.breaks.append(Break(f"{column.model._meta.label}/{row}/{column.name}", 0, why))
