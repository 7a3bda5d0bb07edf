"""What is shown of an erasure: before asking, while it is decided, and afterwards (A11.7).

The organization sees what it wrote. The operator sees facts to decide by - who asks, on whose wish,
what law makes them keep, whether the signed paper is filed - and never whose record it is.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from renkei.disclosure.erasing import ERASABLE, request_paper
from renkei.disclosure.models import Erasure
from renkei.enrollment.models import Paper
from renkei.enrollment.papers import shown_code
from renkei.group.about import open_about
from renkei.group.models import Group
from renkei.group.shell import Shell, shell
from renkei.kernel.damage import DAMAGE, sentence
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity, Patient
from renkei.people.faces import name_of
from renkei.people.figures import in_organization
from renkei.people.models import Organization
from renkei.policy.rules import Can
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure

SHOWN = 100  # erasures of a list


# ── Before asking ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Erasable:
    """A group that can be erased."""

    id: UUID
    kind: str
    opened_at: datetime
    closed: bool
    entries: int


@dataclass(frozen=True, slots=True)
class Asking:
    """What is on the desk when an erasure is asked for."""

    patient: UUID | None  # None for a group about no patient
    group: UUID | None  # None where the whole record can be chosen
    identity: Identity | None
    organization: str
    groups: list[Erasable]
    title: str  # of a free group its name
    days: int  # of the cooling-off
    open: UUID | None  # one was asked for already
    shell: Shell


def _erasable(group: Group) -> Erasable:
    return Erasable(
        group.id, group.kind, group.opened_at, group.closed_at is not None, group.last_seq
    )


def _days(organization: UUID) -> int:
    found = Organization.objects.select_related("region").get(pk=organization)
    return int(in_organization(found)["erasure_cooling_off_days"])


def _open(patient: UUID | None, groups: list[Group]) -> UUID | None:
    about = Q(group_id__in=[one.id for one in groups])
    about |= Q(patient_id=patient) if patient else Q(pk=None)
    found = Erasure.objects.filter(about, state__in=Erasure.OPEN).order_by("number").first()
    return found.id if found else None


@disclosure("erasure.ask", on="patient", opens="erasure")
def see_asking_for_record(standing: Standing) -> Asking:
    """What can be erased of a patient: the whole record, or one of the groups."""
    where = standing.where
    assert where is not None and where.patient is not None
    patient = Patient.objects.select_related("organization").get(pk=where.patient)
    groups = list(patient.groups.filter(kind__in=ERASABLE).order_by("opened_at"))
    return Asking(
        patient=patient.id,
        group=None,
        identity=open_identity(patient.id, patient.key_id, patient.identity_sealed),
        organization=patient.organization.name,
        groups=[_erasable(one) for one in groups],
        title="",
        days=_days(patient.organization_id),
        open=_open(patient.id, groups),
        shell=shell(standing),
    )


@disclosure("erasure.ask_group", on="group", opens="erasure")
def see_asking_for_group(standing: Standing) -> Asking:
    """What is erased with one group; nothing of what was said in it."""
    where = standing.where
    assert where is not None and where.group is not None
    group = Group.objects.select_related("patient", "organization").get(pk=where.group)
    patient = group.patient
    identity = None
    if patient is not None:
        identity = open_identity(patient.id, patient.key_id, patient.identity_sealed)
    return Asking(
        patient=group.patient_id,
        group=group.id,
        identity=identity,
        organization=group.organization.name if group.organization else "",
        groups=[_erasable(group)] if group.kind in ERASABLE else [],
        title=_title(group),
        days=_days(group.organization_id) if group.organization_id else 0,
        open=_open(group.patient_id, [group]),
        shell=shell(standing),
    )


def _title(group: Group) -> str:
    if not group.about_sealed:
        return ""
    return open_about(group.id, group.key_id, group.about_sealed).name


# ── One, and lists of them ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Line:
    """An erasure in a list; never whose it is."""

    id: UUID
    number: str
    kind: str
    subject: str
    state: str
    organization: str
    asked_at: datetime
    due_at: datetime | None
    done_at: datetime | None
    filed: bool


@dataclass(frozen=True, slots=True)
class Page:
    """An erasure as its page shows it."""

    line: Line
    identity: Identity | None  # for the organization, as long as it opens
    who: str  # whose wish, in the words of the organization; for the organization
    words: str
    relation: str
    way: str
    wished_on: date
    retention: dict[str, str]
    asked_by: str
    decided_by: str
    decided_at: datetime | None
    withdrawn_by: str
    withdrawn_at: datetime | None
    reason: str  # why it was returned or withdrawn
    begun_at: datetime | None
    destroyed_at: datetime | None
    removed_at: datetime | None
    counts: dict[str, int]
    copies: dict[str, int]
    paper: str  # the code of the signed request; empty if it was not printed yet
    filed_at: datetime | None
    phone: str  # of the organization
    days: int
    patient: UUID | None
    group: UUID | None
    can: Can
    mine: bool  # the person asked for it, and so cannot confirm it
    shell: Shell


def _line(one: Erasure, filed: bool) -> Line:
    return Line(
        id=one.id,
        number=one.shown_number,
        kind=one.kind,
        subject=one.subject,
        state=one.state,
        organization=one.organization.name,
        asked_at=one.asked_at,
        due_at=one.due_at,
        done_at=one.done_at,
        filed=filed,
    )


def _patient(one: Erasure) -> Patient | None:
    if one.patient_id is not None:
        return Patient.objects.filter(pk=one.patient_id).first()
    assert one.group_id is not None
    group = Group.objects.select_related("patient").filter(pk=one.group_id).first()
    return group.patient if group else None


def _opened(one: Erasure, column: str) -> dict[str, str]:
    try:
        found = one.unseal(column) or {}
    except DAMAGE as damage:
        return {"who": sentence(damage), "words": ""}
    return found if isinstance(found, dict) else {"reason": str(found)}


@disclosure("erasure.see", on="erasure", opens="erasure")
def see_erasure(standing: Standing) -> Page:
    """One erasure: to the operator without names, to the organization with them."""
    assert standing.what.erasure is not None
    one = Erasure.objects.select_related("organization__region", "asked_by", "decided_by").get(
        pk=standing.what.erasure.id
    )
    paper = request_paper(one)
    filed = paper is not None and paper.scan_id is not None
    patient = _patient(one)
    own = standing.who.organization == standing.what.target_organization
    wish = _opened(one, "wish_sealed") if own else {}
    return Page(
        line=_line(one, filed),
        identity=open_identity(patient.id, patient.key_id, patient.identity_sealed)
        if own and patient
        else None,
        who=wish.get("who", ""),
        words=wish.get("words", ""),
        relation=one.relation,
        way=one.way,
        wished_on=one.wished_on,
        retention=dict(one.retention),
        asked_by=name_of(one.asked_by),
        decided_by=name_of(one.decided_by),
        decided_at=one.decided_at,
        withdrawn_by=name_of(one.withdrawn_by),
        withdrawn_at=one.withdrawn_at,
        reason=_opened(one, "reason_sealed").get("reason", ""),
        begun_at=one.begun_at,
        destroyed_at=one.destroyed_at,
        removed_at=one.removed_at,
        counts=dict(one.counts),
        copies=dict(one.copies),
        paper=shown_code(paper.code) if paper else "",
        filed_at=paper.filed_at if paper else None,
        phone=one.organization.phone,
        days=int(in_organization(one.organization)["erasure_cooling_off_days"]),
        patient=patient.id if patient else None,
        group=one.group_id,
        can=Can(standing, "erasure"),
        mine=one.asked_by_id == standing.who.account,
        shell=shell(standing),
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """A list of erasures: what waits, what is under way, what is over."""

    waiting: list[Line]
    under_way: list[Line]
    over: list[Line]
    shell: Shell


def _desk(standing: Standing, about: Q) -> Desk:
    found = Erasure.objects.filter(about).select_related("organization").order_by("-number")
    listed = list(found[:SHOWN])
    filed = _filed(listed)
    lines = [_line(one, one.id in filed) for one in listed]
    waiting, under_way = (Erasure.State.ASKED,), (Erasure.State.CONFIRMED, Erasure.State.BEGUN)
    return Desk(
        waiting=[one for one in lines if one.state in waiting],
        under_way=sorted(
            (one for one in lines if one.state in under_way),
            key=lambda one: one.due_at or one.asked_at,
        ),
        over=[one for one in lines if one.state not in (*waiting, *under_way)],
        shell=shell(standing),
    )


def _filed(listed: list[Erasure]) -> set[UUID]:
    named = {f"Erasure/{one.id.hex}": one.id for one in listed}
    scanned = Paper.objects.filter(about__in=named).exclude(scan=None)
    return {named[about] for about in scanned.values_list("about", flat=True)}


@disclosure("erasure.list", on="region")
def see_desk(standing: Standing) -> Desk:
    """For the operator: every erasure of the region, by number."""
    return _desk(standing, Q(region=standing.who.region))


@disclosure("erasure.own", on="organization")
def see_own(standing: Standing) -> Desk:
    """For an organization: what it asked for, and of what it manages now."""
    target = standing.what.target_organization
    groups = Group.objects.filter(organization=target).values("pk")
    patients = Patient.objects.filter(organization=target).values("pk")
    over = Q(organization=target) & ~Q(state__in=Erasure.OPEN)
    under_way = Q(state__in=Erasure.OPEN) & (
        Q(group_id__in=groups)
        | Q(patient_id__in=patients)
        | (Q(organization=target, state=Erasure.State.BEGUN))
    )
    return _desk(standing, over | under_way)
