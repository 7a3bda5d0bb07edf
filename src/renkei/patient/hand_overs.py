"""What is shown of hand-overs: to who proposes, to who receives, and afterwards to both (A4)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from renkei.group.shell import Shell, shell
from renkei.kernel import vault
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.japanese import initials
from renkei.patient.disclosures import Record
from renkei.patient.disclosures import record as in_full
from renkei.patient.handing_over import able_to_receive
from renkei.patient.identity import open_identity
from renkei.patient.models import HandOver, Identity, Patient, SamePerson
from renkei.people.faces import name_of
from renkei.people.models import Organization
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class Line:
    """A hand-over in a list: initials, from whom, to whom, and what became of it."""

    id: UUID
    initials: str
    source: str
    target: str
    state: str
    proposed_at: datetime
    answered_at: datetime | None
    receiving: bool  # one's own organization is asked


def _initials(patient: Patient) -> str:
    identity = open_identity(patient.id, patient.key_id, patient.identity_sealed)
    return initials(identity.name, identity.kana)


def _line(one: HandOver, own: UUID | None) -> Line:
    return Line(
        id=one.id,
        initials=_initials(one.patient),
        source=one.source.name,
        target=one.target.name,
        state=one.state,
        proposed_at=one.proposed_at,
        answered_at=one.answered_at,
        receiving=one.target_id == own,
    )


@dataclass(frozen=True, slots=True)
class HandOvers:
    """All hand-overs from and to an organization, the open ones first."""

    lines: list[Line]
    shell: Shell


@disclosure("hand_over.list", on="organization")
def see_hand_overs(standing: Standing) -> HandOvers:
    """What the organization handed over, was handed, or is asked to take (A4)."""
    own = standing.what.target_organization
    found = HandOver.objects.filter(Q(source=own) | Q(target=own))
    listed = list(found.select_related("patient", "source", "target").order_by("-proposed_at"))
    vault.warm(one.key_id for one in listed)
    lines = [_line(one, own) for one in listed]
    return HandOvers(sorted(lines, key=lambda one: one.state != "open"), shell(standing))


@dataclass(frozen=True, slots=True)
class ProposalDesk:
    """What proposing needs: the record, to whom a patient can pass, and what is open."""

    record: Record
    able: list[Organization]
    open: HandOver | None
    why: str  # of the open one
    asked: UUID | None  # the organization to which the operator asks to hand over


@disclosure("hand_over.propose", on="patient", opens="hand_over")
def see_proposal_desk(standing: Standing) -> ProposalDesk:
    """The desk of who proposes a hand-over."""
    seen = in_full(standing)
    assert standing.who.region is not None
    open_one = HandOver.objects.filter(patient=seen.patient, state=HandOver.State.OPEN)
    found = open_one.select_related("target").first()
    pair = SamePerson.objects.filter(handing=seen.patient, closed_at=None).first()
    asked = None
    if pair is not None:
        other = pair.other_id if pair.one_id == seen.patient else pair.one_id
        asked = Patient.objects.values_list("organization_id", flat=True).get(pk=other)
    return ProposalDesk(
        record=seen,
        able=able_to_receive(standing.who.region, seen.organization_id),
        open=found,
        why=_words(found, "why") if found else "",
        asked=asked,
    )


def _words(one: HandOver, column: str) -> str:
    try:
        return one.unseal(column) or ""
    except DAMAGE as found:
        return sentence(found)


@dataclass(frozen=True, slots=True)
class HandOverPage:
    """One hand-over. Before it is accepted, who receives sees no more of the patient than this."""

    id: UUID
    patient: UUID | None  # the record, for who manages it now
    initials: str
    source: str
    source_phone: str
    target: str
    state: str
    why: str
    reason: str
    told_on: date
    proposed_by: str
    proposed_at: datetime
    answered_by: str
    answered_at: datetime | None
    exempt: bool  # consent rests on an exemption: no form 4 was signed
    keeper: str  # who keeps the original of form 4
    has_group: bool
    own: Identity | None  # the receiving organization's own record of the same person
    accept: bool
    decline: bool
    withdraw: bool
    shell: Shell


@disclosure("hand_over.see", on="hand_over", opens="hand_over")
def see_hand_over(standing: Standing) -> HandOverPage:
    """A hand-over for either side (A4)."""
    return _page(standing)


@disclosure("hand_over.accept", on="hand_over", opens="hand_over")
def see_accepting(standing: Standing) -> HandOverPage:
    """A hand-over that somebody is about to accept."""
    return _page(standing)


@disclosure("hand_over.decline", on="hand_over", opens="hand_over")
def see_declining(standing: Standing) -> HandOverPage:
    """A hand-over that somebody is about to decline."""
    return _page(standing)


@disclosure("hand_over.withdraw", on="hand_over", opens="hand_over")
def see_withdrawing(standing: Standing) -> HandOverPage:
    """A hand-over that somebody is about to take back."""
    return _page(standing)


def _page(standing: Standing) -> HandOverPage:
    assert standing.what.hand_over is not None
    related = ("patient", "source", "target", "proposed_by", "answered_by", "pair")
    one = HandOver.objects.select_related(*related).get(pk=standing.what.hand_over.id)
    consent = one.patient.consents.filter(ended_at=None).select_related("original_kept_by").first()
    manages = standing.who.organization == one.patient.organization_id
    return HandOverPage(
        id=one.id,
        patient=one.patient_id if manages else None,
        initials=_initials(one.patient),
        source=one.source.name,
        source_phone=one.source.phone,
        target=one.target.name,
        state=one.state,
        why=_words(one, "why"),
        reason=_words(one, "reason") if one.reason else "",
        told_on=one.told_on,
        proposed_by=name_of(one.proposed_by),
        proposed_at=one.proposed_at,
        answered_by=name_of(one.answered_by),
        answered_at=one.answered_at,
        exempt=consent is not None and consent.state != "given",
        keeper=consent.original_kept_by.name if consent and consent.original_kept_by else "",
        has_group=one.patient.groups.filter(closed_at=None).exists(),
        own=_own_record(one) if one.target_id == standing.who.organization else None,
        accept=may(standing, "hand_over.accept"),
        decline=may(standing, "hand_over.decline"),
        withdraw=may(standing, "hand_over.withdraw"),
        shell=shell(standing),
    )


def _own_record(one: HandOver) -> Identity | None:
    """Of a person registered twice: the record that the receiving organization keeps itself."""
    if one.pair is None:
        return None
    own = one.pair.other_id if one.pair.one_id == one.patient_id else one.pair.one_id
    kept = Patient.objects.filter(pk=own, organization=one.target_id).first()
    return open_identity(kept.id, kept.key_id, kept.identity_sealed) if kept else None
