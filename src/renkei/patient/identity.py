"""Who a patient is and who is around them, from the columns of a query."""

from uuid import UUID

from renkei.kernel import vault
from renkei.kernel.damage import DAMAGE, sentence, word
from renkei.kernel.database import id_of, rows
from renkei.kernel.opened import opened
from renkei.patient.models import Basics, Identity, Relative

_IDENTITY = "patient.Patient/{}/identity_sealed"


def _identity(found: dict[str, str]) -> Identity:
    return Identity(**found)


def open_identity(patient: UUID, key: UUID, sealed: bytes) -> Identity:
    """Who a patient is, from the columns of a query; a word for a name that does not open."""
    try:
        return opened(key, sealed, patient, _IDENTITY, _identity)
    except DAMAGE as found:
        return Identity(name=word(found), kana="", birth_date="", sex="")


def open_basics(patient: UUID, key: UUID, sealed: bytes | None) -> Basics:
    """What the team needs to know at once; if it does not open, every part of it says so."""
    if sealed is None:
        return Basics()
    place = f"patient.Patient/{patient.hex}/basics_sealed"
    try:
        return Basics(**vault.unseal_json(key, sealed, about=place))
    except DAMAGE as found:
        said = sentence(found)
        return Basics(conditions=said, allergies=said, equipment=said, wishes=said)


_RELATIVES = """
    SELECT id, key_id, person_sealed FROM patient_relatedperson
    WHERE patient_id = %s ORDER BY calling_order, id"""


def relatives(patient: UUID) -> dict[UUID, Relative]:
    """The related persons by their ids, in calling order."""
    found = [(id_of(one[0]), id_of(one[1]), one[2]) for one in rows(_RELATIVES, [patient.hex])]
    return {one[0]: open_relative(*one) for one in found}


def open_relative(person: UUID, key: UUID, sealed: bytes) -> Relative:
    """Who a related person is, from the columns of a query."""
    place = f"patient.RelatedPerson/{person.hex}/person_sealed"
    try:
        return Relative(**vault.unseal_json(key, sealed, about=place))
    except DAMAGE as found:
        return Relative(name=word(found), relationship="")
