"""Whether the keys of an installation that was brought back are all there, and open.

Works on the installation of this process, which is the one that was brought back. That every value
opens with them is for ``renkei audit verify`` to prove.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.apps import apps
from django.db.models import Model

from renkei.kernel import keyring
from renkei.kernel.errors import Tampered
from renkei.kernel.master import WRAPPING, MasterKeyMissing
from renkei.kernel.models import DataKey
from renkei.kernel.sealed import sealed_fields


@dataclass(slots=True)
class Proof:
    """What was found: what is wrong, what has to be known, and how much opened."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    keys: int = 0  # that were opened


def prove() -> Proof:
    """Open every key, and see that none is missing; what does not open, in words."""
    proof = Proof()
    stored = set(DataKey.objects.values_list("pk", flat=True))
    needed = set(_needed())
    if lost := needed - stored:
        proof.faults.append(f"内容に要る鍵が{len(lost)}個、鍵の写しにありません。")
    missing = _open_keys(proof)
    if missing:
        proof.notes.append(
            "マスター鍵（指紋 " + "、".join(sorted(missing)) + "）がまだありません。"
            "保管者か RENKEI_MASTER_KEY から渡すまで、中身は開けません。"
        )
    return proof


def _needed() -> Iterator[UUID]:
    """The keys that content is sealed under."""
    models: list[type[Model]] = [column.model for column in sealed_fields() if not column.within]
    for model in dict.fromkeys([*models, apps.get_model("files", "File")]):
        yield from model._default_manager.values_list("key_id", flat=True).distinct()


def _open_keys(proof: Proof) -> set[str]:
    """Open every key that stands; the fingerprints of the master keys that are not here.

    A damaged key is not counted here and named by ``renkei audit verify``, like all else that does
    not open.
    """
    missing: set[str] = set()
    standing = DataKey.objects.filter(wrapped__isnull=False).exclude(purpose__in=WRAPPING)
    for key in standing.iterator():
        if key.master in missing:
            continue
        try:
            keyring.unwrap(key)
            proof.keys += 1
        except MasterKeyMissing:
            missing.add(key.master)
        except Tampered:
            pass
    return missing
