"""A patient passes to another managing organization, by agreement of both (A4).

Patient, groups, papers and keys stay what they are; who manages them changes with the acceptance,
at once. Until then the receiving organization knows initials, who asks, and why.
"""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.group.archiving import put_away
from renkei.group.membership import checked_reason, end_membership, in_charge, in_office, say
from renkei.group.models import Group, Invitation, Member
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.patient.models import Consent, HandOver, Patient, SamePerson
from renkei.patient.services import end_current
from renkei.people.models import Organization
from renkei.policy.facts import PHYSICIANS
from renkei.policy.use_case import Change, use_case

ORIGINALS: Final = ("stays", "came")  # form 4 stays with who keeps it, or came with the patient
KEEPS: Final = ("handed", "own")  # of two records of one person, the one that goes on


def able_to_receive(region: UUID, but: UUID) -> list[Organization]:
    """The organizations of the region to which a patient can pass."""
    found = Organization.objects.filter(
        region=region,
        approved_on__isnull=False,
        pledged_on__isnull=False,
        suspended_at=None,
        left_on=None,
    )
    return list(found.exclude(pk=but).order_by("kana", "name"))


@dataclass(frozen=True, slots=True)
class Proposal:
    """To whom a patient is to pass, and why.

    Args:
        told_on: the day on which the patient, or who acts for them, was told and agreed.
    """

    target: UUID
    why: str
    told_on: date


@use_case("hand_over.propose", on="patient")
def propose_hand_over(change: Change, *, proposal: Proposal) -> HandOver:
    """Propose to another organization that it manages the patient from now on (A4).

    Raises:
        Problem: there is a proposal already, the organization cannot take it, or a word is missing.
    """
    patient = Patient.objects.select_for_update().get(pk=change.patient)
    change.about("Patient", patient.id)
    if patient.hand_overs.filter(state=HandOver.State.OPEN).exists():
        raise Problem(gettext_noop("This patient is being handed over already."))
    _check(change, patient, proposal)
    made = HandOver(
        id=uuid7(),
        key_id=patient.key_id,
        patient=patient,
        source_id=patient.organization_id,
        target_id=proposal.target,
        pair=_pair_of(patient, proposal.target),
        told_on=proposal.told_on,
        proposed_by_id=change.account,
        proposed_at=change.now,
    )
    made.seal("why", checked_reason(proposal.why))
    made.save(force_insert=True)
    _about(change, made)
    return made


def _check(change: Change, patient: Patient, proposal: Proposal) -> None:
    able = able_to_receive(change.region, patient.organization_id)
    if proposal.target not in {one.id for one in able}:
        raise Problem(
            gettext_noop("Please choose an organization that takes part."), field="target"
        )
    if proposal.told_on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="told_on")
    if proposal.told_on < patient.identity.born:
        raise Problem(gettext_noop("The date lies before the birth date."), field="told_on")


def _pair_of(patient: Patient, target: UUID) -> SamePerson | None:
    """What the operator arranged with that organization about this patient."""
    pairs = SamePerson.objects.filter(handing=patient, closed_at=None)
    return (
        pairs.filter(one=patient, other__organization=target).first()
        or pairs.filter(other=patient, one__organization=target).first()
    )


def _about(change: Change, one: HandOver) -> None:
    change.about(
        "HandOver",
        one.id,
        patient=one.patient_id.hex,
        source=one.source_id.hex,
        target=one.target_id.hex,
    )


def _hand_over(change: Change) -> HandOver:
    """The one in question, locked; its patient's row was taken before."""
    asked = change.standing.what.hand_over
    assert asked is not None
    one = HandOver.objects.select_for_update(of=("self",)).get(pk=asked.id)
    _about(change, one)
    return one


def _answered(change: Change, one: HandOver, state: str, *columns: str) -> None:
    one.state, one.answered_by_id, one.answered_at = state, change.account, change.now
    one.save(update_fields=["state", "answered_by", "answered_at", *columns])


@use_case("hand_over.decline", on="hand_over")
def decline_hand_over(change: Change, *, reason: str) -> None:
    """Decline to manage the patient, with a reason.

    Raises:
        Problem: no reason was given.
    """
    one = _hand_over(change)
    one.seal("reason", checked_reason(reason))
    _answered(change, one, HandOver.State.DECLINED, "reason")


@use_case("hand_over.withdraw", on="hand_over")
def withdraw_hand_over(change: Change, *, reason: str) -> None:
    """Take the proposal back before it is accepted, with a reason.

    Raises:
        Problem: no reason was given.
    """
    one = _hand_over(change)
    one.seal("reason", checked_reason(reason))
    _answered(change, one, HandOver.State.WITHDRAWN, "reason")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """On which terms a patient is taken over.

    Args:
        original: one of ``ORIGINALS``; irrelevant where nobody has signed form 4.
        place: where the original lies now, if it came.
        contact_on: when the new contact was given to the patient or who acts for them.
        stay: the people of the handing organization stay in the groups, but manage no more.
        keeps: of two records of one person, one of ``KEEPS``; empty where there is one alone.
    """

    original: str
    contact_on: date
    place: str = ""
    stay: bool = True
    keeps: str = ""


@use_case("hand_over.accept", on="hand_over")
def accept_hand_over(change: Change, *, acceptance: Acceptance) -> UUID:
    """Manage the patient from now on: record, groups, members, papers (A4). Returns the patient.

    Who managed the groups for others manages no more; what the one organization delegated, the
    other delegates anew (A11.2). Somebody of the new one manages each group: who accepts, if they
    are in it, else a physician of theirs, else who was in it first. Of a person registered twice,
    one record's group is archived.

    Raises:
        Problem: what becomes of form 4, or when the contact was given, is not said; or nobody of
            the new organization is in an open group, so that nobody would manage it.
    """
    one = _hand_over(change)
    patient = Patient.objects.select_for_update().get(pk=one.patient_id)
    consent = patient.consents.filter(ended_at=None).first()
    _judge(one, acceptance, consent)
    if consent is not None and consent.state == Consent.State.GIVEN:
        if acceptance.original == "came":
            _file_anew(change, patient, consent, one.target_id, acceptance.place)
    source, target = one.source, one.target
    patient.organization_id = target.id
    patient.save(update_fields=["organization"])
    change.patients_changed()
    for group in patient.groups.select_for_update().order_by("pk"):
        _hand_group(change, group, one, stay=acceptance.stay)
        if group.closed_at is None:
            say(change, group, "handed", subject=None, text=f"{source.name} → {target.name}")
        change.end_standings(group=group.id)
    one.contact_on = acceptance.contact_on
    _answered(change, one, HandOver.State.ACCEPTED, "contact_on")
    if one.pair is not None:
        _join(change, one, acceptance.keeps)
    for group in patient.groups.filter(closed_at=None, archived_at=None).order_by("pk"):
        _keep_managed(change, group, target.id)
    change.detail |= {"stay": acceptance.stay, "original": acceptance.original}
    return patient.id


def _judge(one: HandOver, acceptance: Acceptance, consent: Consent | None) -> None:
    signed = consent is not None and consent.state == Consent.State.GIVEN
    if signed and acceptance.original not in ORIGINALS:
        raise Problem(gettext_noop("Please choose one."), field="original")
    if signed and acceptance.original == "came" and not acceptance.place.strip():
        raise Problem(gettext_noop("Please write where the original lies."), field="place")
    if acceptance.contact_on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="contact_on")
    if acceptance.contact_on < one.told_on:
        raise Problem(
            gettext_noop("The date lies before the patient was told."), field="contact_on"
        )
    if one.pair is not None and acceptance.keeps not in KEEPS:
        raise Problem(gettext_noop("Please choose one."), field="keeps")


def _file_anew(
    change: Change, patient: Patient, consent: Consent, keeper: UUID, place: str
) -> None:
    """The same consent under a new record, with who keeps the original now (F3)."""
    signature = replace(consent.signature, original_place=place.strip()[:200])
    end_current(patient, change)
    filed = Consent(
        id=uuid7(),
        key_id=consent.key_id,
        patient=patient,
        state=consent.state,
        signed_on=consent.signed_on,
        declined=consent.declined,
        original_kept_by_id=keeper,
        copy_given_on=consent.copy_given_on,
        text_number=consent.text_number,
        recorded_at=change.now,
        recorded_by_id=change.account,
    )
    filed.seal("signature_sealed", asdict(signature))
    if (drawn := consent.unseal("drawing_sealed")) is not None:
        filed.seal("drawing_sealed", drawn)
    filed.save(force_insert=True)
    change.detail["consent"] = filed.id.hex


def _hand_group(change: Change, group: Group, one: HandOver, *, stay: bool) -> None:
    """The group and its members pass; who accepts and is in it manages it from now on."""
    group.organization_id = one.target_id
    group.asked_again_at = None
    group.save(update_fields=["organization", "asked_again_at"])
    waiting = group.invitations.filter(state=Invitation.State.OPEN, manager=True)
    waiting.exclude(role__organization=one.target_id).update(manager=False)
    for member in group.members.filter(ended_at=None).select_related("role"):
        works_for = member.role.organization_id if member.role else None
        if works_for == one.source_id and not stay:
            entity = change.entity
            end_membership(change, group, member, reason=_REASON, released_by=change.account)
            change.entity = entity
        elif works_for == one.target_id and member.account_id == change.account:
            _put_in_charge(member, change.account, change.now)
        elif member.manager and works_for != one.target_id:
            _put_in_charge(member, None, None)


def _keep_managed(change: Change, group: Group, target: UUID) -> None:
    inside = group.members.filter(ended_at=None)
    own = inside.filter(role__organization=target).select_related("role")
    if not inside.exists() or in_charge(own, change.now).exists():
        return
    able = list(in_office(own, change.now).order_by("joined_at", "pk"))
    able.sort(key=lambda one: one.role is None or one.role.profession not in PHYSICIANS)
    if not able:
        raise Problem(NOBODY_TO_MANAGE)
    _put_in_charge(able[0], change.account, change.now)
    say(change, group, "appointed", subject=able[0].role)


NOBODY_TO_MANAGE: Final = gettext_noop(
    "Nobody of your organization takes part in the patient's group yet, so nobody would manage it."
    " Please have one of you invited first."
)
_REASON: Final = "連携元事業所の引き継ぎ"


def _put_in_charge(member: Member, by: UUID | None, at: datetime | None) -> None:
    member.manager, member.appointed_by_id, member.appointed_at = by is not None, by, at
    member.save(update_fields=["manager", "appointed_by", "appointed_at"])


def _join(change: Change, one: HandOver, keeps: str) -> None:
    """One person, two records, now of one organization: one goes on, the other rests."""
    pair = one.pair
    assert pair is not None
    own = pair.other_id if pair.one_id == one.patient_id else pair.one_id
    resting = own if keeps == "handed" else one.patient_id
    groups = Group.objects.select_for_update().filter(patient=resting, archived_at=None)
    for group in groups.filter(closed_at=None).order_by("pk"):
        put_away(change, group, "")
    SamePerson.objects.filter(pk=pair.id).update(closed_at=change.now)
    change.detail |= {"pair": pair.id.hex, "resting": resting.hex}
