"""What the installation holds of a group and of a patient: one list, by which it is erased (A11.7).

Whoever adds a table that names a group or a patient, or something of theirs, adds a line here; a
test walks all tables and fails for one that is forgotten. Whoever keeps something outside the main
database adds it to ``BESIDE``.
"""

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from renkei.communication.index import keeping
from renkei.disclosure.models import Erasure, Fax
from renkei.files import store
from renkei.files.models import File
from renkei.group.models import Member
from renkei.incident.models import Told
from renkei.kernel import clock
from renkei.kernel.sealed import sealed_fields
from renkei.notification.models import Letter, Preference, Subscription, Waiting
from renkei.patient.models import HandOver, SamePerson
from renkei.people.models import Account, OneTimeLink, Profile, Session

AT_ONCE: Final = 1000  # rows of one transaction: whoever writes does not wait long


@dataclass(frozen=True, slots=True)
class Gone:
    """What is erased: groups and patients by their ids, and the data keys of both."""

    groups: frozenset[UUID]
    patients: frozenset[UUID]
    keys: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one table that are of a group, or of a patient.

    Args:
        label: of the model.
        path: from it to the id.
        what: under which word the rows are counted; empty if they are not worth a number.
    """

    label: str
    path: str
    what: str = ""

    def rows(self, ids: Collection[UUID]) -> QuerySet[Any]:
        """Those rows."""
        model: type[Model] = apps.get_model(self.label)
        return model._default_manager.filter(**{f"{self.path}__in": ids})


OF_GROUP: Final = (  # what stands on another comes before it
    Part("communication.Reading", "member__group"),
    Part("communication.Version", "communication__group", "corrections"),
    Part("communication.Acknowledgement", "communication__group", "acknowledgements"),
    Part("communication.Draft", "group", "drafts"),
    Part("communication.Bookmark", "communication__group"),
    Part("communication.Pin", "group"),
    Part("communication.Mention", "group"),
    Part("communication.Task", "group", "tasks"),
    Part("communication.AskedAgain", "communication__group"),
    Part("communication.Alteration", "group"),
    Part("communication.Cursor", "group"),
    Part("notification.Waiting", "group"),
    Part("notification.Level", "member__group"),
    Part("disclosure.ReuseOpening", "request__group"),
    Part("disclosure.ReuseFile", "attachment__group"),
    Part("disclosure.ReuseItem", "communication__group"),
    Part("disclosure.ReuseRequest", "group"),
    Part("communication.Viewing", "attachment__group"),
    Part("communication.Attachment", "group"),
    Part("communication.Communication", "group", "entries"),
    Part("group.CharterReading", "charter__group"),
    Part("group.Charter", "group", "charters"),
    Part("review.Reviewed", "review__group"),
    Part("review.Review", "group", "reviews"),
    Part("group.Invitation", "group", "invitations"),
    Part("group.JoinRequest", "group"),
    Part("group.Connection", "group"),
    Part("group.FamilyAgreement", "member__group"),
    Part("group.Member", "group", "members"),
    Part("group.Group", "pk", "groups"),
)
OF_PATIENT: Final = (
    Part("safety.SafetyReport", "patient", "safety"),
    Part("patient.Likeness", "patient"),
    Part("patient.HandOver", "patient", "hand_overs"),
    Part("patient.SamePerson", "one"),
    Part("patient.SamePerson", "other"),
    Part("patient.ReferenceRange", "patient"),
    Part("patient.RightsRequest", "patient", "rights"),
    Part("patient.Consent", "patient", "consents"),
    Part("patient.RelatedPerson", "patient", "relatives"),
    Part("enrollment.FormerScan", "paper__patient_id"),
    Part("enrollment.Paper", "patient_id", "papers"),
    Part("patient.Patient", "pk", "records"),
)
EMPTIED: Final = {
    "disclosure.Fax": "to whom something went stays with who sent it; from what, does not",
    "people.Account": "of the patient and the relatives: who they are goes, and nobody signs in",
    "incident.Told": "that somebody was told of an incident stays; who the patient was does not",
}
STAYS: Final = {
    "disclosure.Erasure": "says that it was erased; what people wrote in it is emptied",
}


@dataclass(frozen=True, slots=True)
class Beside:
    """Something kept outside the main database, such as an index of words.

    Args:
        remove: removes what it holds; may be called again.
        left: how many things of it are still there.
    """

    name: str
    remove: Callable[[Gone], None]
    left: Callable[[Gone], int]


BESIDE: list[Beside] = [
    Beside(
        "index",
        lambda gone: keeping.forget(gone.groups),
        lambda gone: len(keeping.store().positions(list(gone.groups))),
    ),
]


def parts(gone: Gone) -> list[tuple[Part, frozenset[UUID]]]:
    """Every part with the ids it is asked about, in the order in which they go."""
    return [
        *((one, gone.groups) for one in OF_GROUP if gone.groups),
        *((one, gone.patients) for one in OF_PATIENT if gone.patients),
    ]


def counted(gone: Gone) -> dict[str, int]:
    """How much there is of what is worth a number."""
    counts = {one.what: one.rows(ids).count() for one, ids in parts(gone) if one.what}
    files = File.objects.filter(key_id__in=gone.keys)
    return {**counts, "files": files.count()}


# ── Removing ─────────────────────────────────────────────────────────────────────────────────────


def remove_files(gone: Gone) -> int:
    """Remove the bytes of every file sealed under the keys; their rows go with the rest.

    Bytes before rows: whoever is stopped in between still knows which bytes to look for.
    """
    files = list(File.objects.filter(key_id__in=gone.keys).values_list("pk", flat=True))
    for file in files:
        store.erase(file)
    return len(files)


def empty(gone: Gone) -> None:
    """Take out of what stays whatever tells who the patient was."""
    with transaction.atomic():
        for told in Told.objects.filter(patient__in=gone.patients).select_for_update():
            told.patient = None
            told.seal("how_sealed", "")
            told.save(update_fields=["patient", "how_sealed"])
        pairs = SamePerson.objects.filter(
            Q(one__in=gone.patients) | Q(other__in=gone.patients)
        )  # of this patient and another's, whose own hand-over stays
        HandOver.objects.filter(pair__in=pairs.values("pk")).update(pair=None)
        Fax.objects.filter(request__group__in=gone.groups).update(request=None)
        Erasure.objects.filter(key_id__in=gone.keys).update(wish_sealed=None, reason_sealed=None)
        if gone.patients:
            _empty_accounts(gone)


def family_accounts(groups: Collection[UUID]) -> QuerySet[Account]:
    """The accounts with which patient and relatives take part in these groups, and in no other."""
    took_part = Member.objects.filter(group__in=groups, account__family=True)
    elsewhere = Member.objects.exclude(group__in=groups).values("account")
    return Account.objects.filter(pk__in=took_part.values("account")).exclude(pk__in=elsewhere)


def _empty_accounts(gone: Gone) -> None:
    """Empty the accounts with which patient and relatives took part, and in nothing else (A11.5).

    They stay as ids, which the trail names; the keys that their names were sealed under are
    destroyed with the others. Who takes part in somebody else's group too keeps the account.
    """
    found = family_accounts(gone.groups).select_related("region")
    for account in found.select_for_update(of=("self",)):
        OneTimeLink.objects.filter(account=account).delete()
        for told in (Subscription, Waiting, Letter, Preference):
            told.objects.filter(account=account).delete()
        account.photo, account.photo_changed_at = None, None
        account.key_id = account.region.key_id
        account.seal("profile_sealed", asdict(Profile(name="", kana="")))
        account.email = f"{account.id.hex}@erased.invalid"
        account.set_unusable_password()
        account.suspended_at = account.suspended_at or clock.now()
        account.save(
            update_fields=[
                *("key_id", "profile_sealed", "email", "password", "suspended_at"),
                *("photo", "photo_changed_at"),
            ]
        )
        Session.objects.filter(account=account).delete()


def remove_some(gone: Gone) -> bool:
    """Remove a batch of rows; whether there may be more. Within the transaction of the caller."""
    room = AT_ONCE
    for part, ids in parts(gone):
        found = list(part.rows(ids).values_list("pk", flat=True)[:room])
        _delete(part.rows(ids).filter(pk__in=found))
        room -= len(found)
        if room <= 0:
            return True
    _delete(File.objects.filter(key_id__in=gone.keys))
    return False


def _delete(rows: QuerySet[Any]) -> None:
    """Delete these rows and no others: what stands on one of them makes the database refuse."""
    rows._raw_delete(rows.db)


def remove_beside(gone: Gone) -> None:
    """Remove what is kept outside the main database."""
    for one in BESIDE:
        one.remove(gone)


# ── Whether anything is left ─────────────────────────────────────────────────────────────────────


def left(gone: Gone) -> dict[str, int]:
    """What is still there, by the label of its table: empty once all is erased.

    Not by the list alone: any value sealed under one of the keys, and any file, counts.
    """
    found = {part.label: part.rows(ids).count() for part, ids in parts(gone)}
    found["incident.Told"] = Told.objects.filter(patient__in=gone.patients).count()
    found["files.File"] = File.objects.filter(key_id__in=gone.keys).count()
    for column in sealed_fields():
        if not column.within:
            manager = column.model._default_manager
            sealed = manager.filter(key_id__in=gone.keys, **{f"{column.name}__isnull": False})
            name = f"{column.model._meta.label}.{column.name}"
            found[name] = sealed.count()
    found |= {one.name: one.left(gone) for one in BESIDE}
    return {name: count for name, count in found.items() if count}
