"""Asking that a group or a record is erased, and deciding about it (A11.7).

The organization that manages it asks, on the wish of the patient or the family, after it has gone
through what law makes it keep. Somebody else, at the operator, confirms or returns it. From then on
nobody writes there, and for the days of the cooling-off both can still take it back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext_noop

from renkei.disclosure import retention
from renkei.disclosure.models import Erasure
from renkei.enrollment.models import Paper
from renkei.group.models import Group
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.notification.kinds import Kind
from renkei.notification.telling import tell
from renkei.patient.models import Patient
from renkei.people.figures import in_organization
from renkei.people.models import OperatorRole, Organization
from renkei.policy.use_case import Change, use_case
from renkei.region.models import Region

FORM: Final = "erasure-request"
WORDS: Final = 1000  # characters
ERASABLE: Final = (Group.Kind.PATIENT, Group.Kind.FAMILY, Group.Kind.FREE)


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose wish it is, how it was received, and what was looked at before asking.

    Args:
        who: name and relationship, as the paper has it; sealed, and gone with the content.
        words: what was said; sealed, and gone with the content.
        retention: by the key of ``retention.items``: where somebody keeps it, or that none is.
        copied: the organization has in its own records what it has to keep.
        explained: whoever wished it was told that nothing brings it back.
    """

    relation: str
    who: str
    way: str
    words: str
    wished_on: date
    retention: Mapping[str, str]
    copied: bool
    explained: bool


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────


@use_case("erasure.ask", on="patient")
def ask_for_record(change: Change, *, wish: Wish) -> Erasure:
    """Ask that a patient's whole record is erased, with every group about the patient.

    Raises:
        Problem: something is missing, a dispute goes on, or one is asked for already.
    """
    patient = Patient.objects.select_for_update().get(pk=change.patient)
    change.about("Patient", patient.id)
    groups = list(patient.groups.values_list("pk", flat=True))
    _refuse_second(change, patient=patient.id, groups=groups)
    return _asked(
        change,
        wish,
        kind=Erasure.Kind.RECORD,
        key=patient.key_id,
        organization=patient.organization_id,
        patient=patient.id,
    )


@use_case("erasure.ask_group", on="group")
def ask_for_group(change: Change, *, wish: Wish) -> Erasure:
    """Ask that the contents of a group are erased; the patient's record stays.

    Raises:
        Problem: as ``ask_for_record``; or it is no group that can be erased.
    """
    group = Group.objects.select_for_update().get(pk=change.group)
    change.about("Group", group.id)
    if group.kind not in ERASABLE or group.organization_id is None:
        raise Problem(gettext_noop("A group of this kind is not erased."))
    _refuse_second(change, patient=group.patient_id, groups=[group.id])
    key = group.patient.key_id if group.patient else group.key_id
    return _asked(
        change,
        wish,
        kind=Erasure.Kind(group.kind),
        key=key,
        organization=group.organization_id,
        group=group.id,
    )


def _refuse_second(change: Change, *, patient: UUID | None, groups: list[UUID]) -> None:
    """Refuse what an open request covers already; those of one region are asked for in turn."""
    Region.objects.select_for_update().get(pk=change.region)
    about = Q(group_id__in=groups) | (Q(patient_id=patient) if patient else Q(pk=None))
    if Erasure.objects.filter(about, state__in=Erasure.OPEN).exists():
        raise Problem(gettext_noop("Erasing this was asked for already."))


def _asked(
    change: Change,
    wish: Wish,
    *,
    kind: str,
    key: UUID,
    organization: UUID,
    group: UUID | None = None,
    patient: UUID | None = None,
) -> Erasure:
    _check(wish, about_patient=kind != Erasure.Kind.FREE)
    kept = retention.checked(wish.retention, free=kind == Erasure.Kind.FREE)
    if not wish.copied:
        raise Problem(
            gettext_noop("Please see first that your own records hold what you have to keep."),
            field="copied",
        )
    last = Erasure.objects.filter(region=change.region).aggregate(Max("number"))["number__max"]
    erasure = Erasure(
        id=uuid7(),
        key_id=key,
        region_id=change.region,
        number=(last or 0) + 1,
        kind=kind,
        group_id=group,
        patient_id=patient,
        organization_id=organization,
        relation=wish.relation,
        way=wish.way,
        wished_on=wish.wished_on,
        retention=kept,
        asked_by_id=change.account,
        asked_at=change.now,
    )
    said = {"who": _line(wish.who), "words": clean_text(wish.words).strip()}
    erasure.seal("wish_sealed", said)
    erasure.save(force_insert=True)
    second = OperatorRole.objects.filter(account__region=change.region, ended_at=None)
    tell(second.exclude(account=change.account).values_list("account", flat=True), Kind.REQUEST)
    change.stream = erasure.stream
    change.about("Erasure", erasure.id, number=erasure.number, kind=kind, relation=wish.relation)
    return erasure


def _line(text: str) -> str:
    return " ".join(clean_text(text).split())


def _check(wish: Wish, *, about_patient: bool) -> None:
    relations = set(Erasure.Relation.values)
    relations -= {"members"} if about_patient else relations - {"members"}
    if wish.relation not in relations:
        raise Problem(gettext_noop("Please choose whose wish it is."), field="relation")
    if not _line(wish.who):
        raise Problem(
            gettext_noop("Please write the name and the relationship of who wishes it."),
            field="who",
        )
    if wish.way not in Erasure.Way.values:
        raise Problem(gettext_noop("Please choose how the wish was received."), field="way")
    if wish.wished_on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="wished_on")
    if len(wish.who) > WORDS or len(wish.words) > WORDS:
        raise Problem(gettext_noop("This is too long."), field="words")
    if not wish.explained:
        raise Problem(
            gettext_noop("Please explain first that nothing brings back what was erased."),
            field="explained",
        )


# ── Deciding ─────────────────────────────────────────────────────────────────────────────────────


def taken(change: Change) -> Erasure:
    """The erasure in question, locked; its line goes to the chain of what it erases."""
    asked = change.standing.what.erasure
    assert asked is not None
    found = Erasure.objects.select_for_update().filter(pk=asked.id).first()
    if found is None:
        raise Unknown("erasure")
    change.stream = found.stream
    change.about("Erasure", found.id, number=found.number)
    return found


def request_paper(erasure: Erasure) -> Paper | None:
    """The signed request, if it was printed; its scan is filed with it."""
    about = f"Erasure/{erasure.id.hex}"
    found = Paper.objects.filter(form=FORM, about=about).order_by("scan", "-issued_at")
    return next((one for one in found if one.scan_id is not None), found.first())


@use_case("erasure.confirm", on="erasure")
def confirm_erasure(change: Change) -> Erasure:
    """Confirm it, as somebody else than who asked; the cooling-off begins (A11.7).

    Raises:
        Problem: it was decided meanwhile, or the scan of the signed request is not filed yet.
    """
    erasure = taken(change)
    _refuse_decided(erasure, Erasure.State.ASKED)
    paper = request_paper(erasure)
    if paper is None or paper.scan_id is None:
        raise Problem(gettext_noop("The signed request is not filed yet."))
    manager = change.standing.what.target_organization
    assert manager is not None
    organization = Organization.objects.select_related("region").get(pk=manager)
    days = int(in_organization(organization)["erasure_cooling_off_days"])
    erasure.state = Erasure.State.CONFIRMED
    erasure.decided_by_id, erasure.decided_at = change.account, change.now
    erasure.due_at = change.now + timedelta(days=days)
    erasure.save(update_fields=["state", "decided_by", "decided_at", "due_at"])
    change.detail |= {"due": clock.to_us(erasure.due_at), "days": days}
    _mark(change, erasure)
    return erasure


def _mark(change: Change, erasure: Erasure) -> None:
    """Let the groups, and the record, say when they will be erased; or no more."""
    due = erasure.due_at if erasure.state == Erasure.State.CONFIRMED else None
    if erasure.patient_id is not None:  # before its groups, as everybody does
        Patient.objects.filter(pk=erasure.patient_id).update(erase_at=due)
    for group in erased_groups(erasure).select_for_update().order_by("pk"):
        group.erase_at = due
        group.save(update_fields=["erase_at"])
        change.end_standings(group=group.id)


def erased_groups(erasure: Erasure) -> QuerySet[Group]:
    """The groups that it is about: one, or all about the patient."""
    if erasure.patient_id is not None:
        return Group.objects.filter(patient=erasure.patient_id)
    assert erasure.group_id is not None
    return Group.objects.filter(pk=erasure.group_id)


def _refuse_decided(erasure: Erasure, *states: str) -> None:
    if erasure.state not in states:
        raise Problem(gettext_noop("This was decided meanwhile. Please look at it again."))


def _reason(text: str) -> str:
    cleaned = clean_text(text).strip()[:WORDS]
    if not cleaned:
        raise Problem(gettext_noop("Please give a reason."), field="reason")
    return cleaned


@use_case("erasure.return", on="erasure")
def return_erasure(change: Change, *, reason: str) -> None:
    """Return it to the organization, which sees why; it asks anew if it still wishes.

    Raises:
        Problem: no reason, or it was decided meanwhile.
    """
    erasure = taken(change)
    _refuse_decided(erasure, Erasure.State.ASKED)
    erasure.seal("reason_sealed", _reason(reason))
    erasure.state = Erasure.State.RETURNED
    erasure.decided_by_id, erasure.decided_at = change.account, change.now
    erasure.save(update_fields=["state", "decided_by", "decided_at", "reason_sealed"])


@use_case("erasure.withdraw", on="erasure")
def withdraw_erasure(change: Change, *, reason: str) -> None:
    """Take it back, for the organization or the operator, as long as the host has not begun.

    Raises:
        Problem: no reason; or it is over, one way or the other.
    """
    erasure = taken(change)
    if erasure.state in (Erasure.State.BEGUN, Erasure.State.DONE):
        raise Problem(gettext_noop("The erasing has begun. Nothing brings back what was erased."))
    _refuse_decided(erasure, *Erasure.STANDS)
    erasure.seal("reason_sealed", _reason(reason))
    confirmed = erasure.state == Erasure.State.CONFIRMED
    erasure.state = Erasure.State.WITHDRAWN
    erasure.withdrawn_by_id, erasure.withdrawn_at = change.account, change.now
    erasure.save(update_fields=["state", "withdrawn_by", "withdrawn_at", "reason_sealed"])
    if confirmed:
        _mark(change, erasure)
