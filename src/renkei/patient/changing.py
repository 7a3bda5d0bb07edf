"""Changing single purposes of a consent: at once, and saying whom it touches (form 4, 2)."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Final

from django.utils.translation import gettext_noop

from renkei.group.models import Member
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.patient.consents import NEEDED
from renkei.patient.disclosures import Record
from renkei.patient.disclosures import record as in_full
from renkei.patient.drawing import Drawing
from renkei.patient.models import Consent, Patient, Signature
from renkei.patient.services import end_current, say_withdrawn
from renkei.people.faces import name_of
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

HOW: Final = ("meeting", "telephone", "letter", "family")  # how the patient said it


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody of another organization who takes part in the patient's group."""

    name: str
    profession: str
    organization: str


@dataclass(frozen=True, slots=True)
class ChangeDesk:
    """What changing a consent needs to know."""

    record: Record
    affected: list[Affected]  # who could not read any more, were 1, 2 or 5 declined


def _affected(record: Record) -> list[Affected]:
    if record.group is None:
        return []
    found = Member.objects.filter(group=record.group, ended_at=None).exclude(
        role__organization=record.organization_id
    )
    lines = []
    for one in found.select_related("account", "role__organization"):
        if one.role is None:  # of the family: no organization's
            continue
        lines.append(
            Affected(name_of(one.account), one.role.profession, one.role.organization.name)
        )
    return lines


@disclosure("consent.change", on="patient")
def see_change_desk(standing: Standing) -> ChangeDesk:
    """What is on the desk when the patient changes what was agreed to."""
    record = in_full(standing)
    return ChangeDesk(record, _affected(record))


@dataclass(frozen=True, slots=True)
class ChangeForm:
    """The notice of change as it came (consent-change).

    Args:
        declined: all purposes that are declined from now on.
        changed_on: the day on which the patient said so.
        how: one of ``HOW``.
        receipt_on: when the receipt was handed over; None if it still has to be.
    """

    declined: tuple[int, ...]
    changed_on: date
    how: str
    signer: str
    relationship: str
    proxy_reason: str = ""
    wish_confirmed: bool = False
    declined_reason: str = ""
    receipt_on: date | None = None
    drawing: Drawing | None = None


@use_case("consent.change", on="patient")
def change_consent(change: Change, *, form: ChangeForm) -> Consent:
    """Record what the patient agrees to from now on; it takes effect with this (form 4, 2).

    If a purpose is given up without which others cannot take part, the patient's groups close to
    them at once, and the timeline says so.

    Raises:
        Problem: there is no signed consent, nothing changes, or something is missing.
    """
    patient = Patient.objects.select_for_update().get(pk=change.patient)
    change.about("Patient", patient.id)
    current = patient.consents.filter(ended_at=None, state=Consent.State.GIVEN).first()
    if current is None or current.signed_on is None:
        raise Problem(gettext_noop("There is no signed consent to change."))
    before, after = set(current.declined_purposes), set(form.declined)
    _check(form, before, after, current.signed_on)
    end_current(patient, change)
    changed = _followed_by(current, form, change)
    change.about("Consent", changed.id, patient=patient.id.hex, before=current.id.hex)
    change.detail["declined"] = changed.declined
    stops = bool(after & NEEDED) and not before & NEEDED
    for group in patient.groups.select_for_update().filter(closed_at=None):
        if stops:
            say_withdrawn(change, group)
        elif 4 in after ^ before and _with_family(patient):
            say_withdrawn(change, group, event="family_off" if 4 in after else "family_on")
        else:
            change.end_standings(group=group.id)
    return changed


def _with_family(patient: Patient) -> bool:
    """Whether there is a group with the family, which hangs on purpose 4 (A11.5)."""
    return patient.groups.filter(kind="family", closed_at=None).exists()


def _followed_by(current: Consent, form: ChangeForm, change: Change) -> Consent:
    """The record that takes the place of the one in force, under the same words."""
    before, after = set(current.declined_purposes), set(form.declined)
    told = [f"{one}:no" for one in sorted(after - before)]
    told += [f"{one}:yes" for one in sorted(before - after)]
    signature: Signature = replace(
        current.signature,
        signer=form.signer,
        relationship=form.relationship,
        proxy_reason=form.proxy_reason,
        wish_confirmed=form.wish_confirmed or form.relationship == "本人",
        declined_reason=form.declined_reason or current.signature.declined_reason,
        way="screen" if form.drawing else "paper",
        received_how=form.how,
        changed=",".join(told),
        receipt_on=form.receipt_on.isoformat() if form.receipt_on else "",
    )
    changed = Consent(
        id=uuid7(),
        key_id=current.key_id,
        patient_id=current.patient_id,
        state=Consent.State.GIVEN,
        signed_on=form.changed_on,
        declined=",".join(str(one) for one in sorted(after)),
        original_kept_by_id=current.original_kept_by_id,
        copy_given_on=current.copy_given_on,
        text_number=current.text_number,
        recorded_at=change.now,
        recorded_by_id=change.account,
    )
    changed.seal("signature_sealed", asdict(signature))
    if form.drawing:
        changed.seal("drawing_sealed", form.drawing)
    changed.save(force_insert=True)
    return changed


def _check(form: ChangeForm, before: set[int], after: set[int], signed_on: date) -> None:
    if after - set(Consent.DECLINABLE):
        raise Problem(gettext_noop("Purposes 6 and 7 are legal grounds."), field="declined")
    if before == after:
        raise Problem(gettext_noop("Nothing is changed. Please choose what changes."))
    if form.how not in HOW:
        raise Problem(gettext_noop("Please choose one."), field="how")
    if form.changed_on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="changed_on")
    if form.changed_on < signed_on:
        raise Problem(gettext_noop("The date lies before the consent."), field="changed_on")
    if form.receipt_on is not None and not form.changed_on <= form.receipt_on <= clock.today():
        raise Problem(gettext_noop("Please check this date."), field="receipt_on")
    if not form.signer.strip():
        raise Problem(gettext_noop("Please write who signed."), field="signer")
    if form.relationship not in Consent.RELATIONSHIPS:
        raise Problem(gettext_noop("Please choose the relationship."), field="relationship")
    if form.relationship != "本人" and not form.wish_confirmed:
        raise Problem(
            gettext_noop("Please confirm the patient's own wish first."), field="wish_confirmed"
        )
    if (after - before) & {1, 5} and not form.declined_reason.strip():
        raise Problem(
            gettext_noop("Please write what was said when purpose 1 or 5 was declined."),
            field="declined_reason",
        )
