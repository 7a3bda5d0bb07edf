"""The patient's record and what the patient agreed to, kept by the managing organization."""

from dataclasses import asdict, dataclass, field
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication import log
from renkei.group.models import Group
from renkei.kernel import clock, vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import is_kana
from renkei.patient.drawing import Drawing
from renkei.patient.likeness import note_likeness
from renkei.patient.models import (
    Basics,
    Consent,
    Identity,
    Patient,
    RelatedPerson,
    Relative,
    Signature,
)
from renkei.patient.purposes import FORM
from renkei.people.models import Organization
from renkei.policy.use_case import Change, use_case
from renkei.region.form_texts import in_force
from renkei.region.models import PolicyVersion


@use_case("patient.register", on="organization")
def register_patient(
    change: Change, *, identity: Identity, basics: Basics, key: UUID | None = None
) -> Patient:
    """Take up a patient; the organization becomes the one that manages the record (A4).

    Args:
        key: the id the patient gets, made when the form was opened: sent twice, registered once.

    Raises:
        Problem: name, kana or birth date cannot be right.
    """
    _check_identity(identity)
    organization = change.standing.what.target_organization
    assert organization is not None
    if key is not None and (found := _sent_before(change, key, organization)):
        return found
    patient = Patient(
        id=key or uuid7(),
        key_id=vault.make_key("patient"),
        organization_id=organization,
        registered_at=change.now,
    )
    patient.seal("identity_sealed", asdict(identity))
    patient.seal("basics_sealed", asdict(basics))
    patient.save(force_insert=True)
    change.patients_changed()
    note_likeness(patient, identity, change.now)
    change.stream = f"patient:{patient.id.hex}"
    change.about("Patient", patient.id, organization=organization.hex)
    return patient


def _sent_before(change: Change, key: UUID, organization: UUID) -> Patient | None:
    """The patient this form has registered already; the organization's row keeps others waiting."""
    Organization.objects.select_for_update().get(pk=organization)
    found = Patient.objects.filter(pk=key).first()
    if found is None:
        return None
    if found.organization_id != organization:
        raise Problem(gettext_noop("Please open the form again."))
    change.silent = True
    return found


@use_case("patient.change", on="patient")
def change_identity(change: Change, *, identity: Identity) -> None:
    """Correct who the patient is.

    Raises:
        Problem: name, kana or birth date cannot be right.
    """
    _check_identity(identity)
    patient = _patient(change)
    patient.seal("identity_sealed", asdict(identity))
    patient.save(update_fields=["identity_sealed"])
    change.patients_changed()
    note_likeness(patient, identity, change.now)
    change.about("Patient", patient.id, part="identity")


def _check_identity(identity: Identity) -> None:
    if not identity.name.strip():
        raise Problem(gettext_noop("Please write the patient's name."), field="name")
    if not is_kana(identity.kana):
        raise Problem(gettext_noop("Please write the reading in hiragana."), field="kana")
    if identity.born > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="birth_date")


def _patient(change: Change) -> Patient:
    return Patient.objects.select_for_update().get(pk=change.patient)


def _replace_basics(change: Change, basics: Basics, relatives: list[dict[str, object]]) -> None:
    patient = _patient(change)
    patient.require_basics()
    patient.seal("basics_sealed", asdict(basics))
    patient.save(update_fields=["basics_sealed"])
    change.patients_changed()
    _replace_relatives(patient, relatives)
    change.about("Patient", patient.id, part="basics")


def _replace_relatives(patient: Patient, relatives: list[dict[str, object]]) -> None:
    """Write them anew; who is there under the same name stays the same one (A11.5)."""
    known = {(one.person.name, one.person.relationship): one
             for one in patient.related_persons.all()}  # fmt: skip
    kept = []
    for order, given in enumerate(relatives, start=1):
        relative = given["person"]
        assert isinstance(relative, Relative)
        before = known.pop((relative.name, relative.relationship), None)
        person = before or RelatedPerson(id=uuid7(), key_id=patient.key_id, patient=patient)
        person.calling_order = order
        person.emergency_contact = bool(given.get("emergency_contact"))
        person.proxy = bool(given.get("proxy"))
        person.seal("person_sealed", asdict(relative))
        person.save(force_insert=before is None)
        kept.append(person.id)
    patient.related_persons.exclude(pk__in=kept).delete()


@use_case("patient.change", on="patient")
def change_basics(change: Change, *, basics: Basics, relatives: list[dict[str, object]]) -> None:
    """Replace what the team needs to know at once, from the patient's record.

    Args:
        relatives: in calling order, each {"person": Relative, "emergency_contact", "proxy"}.
    """
    _replace_basics(change, basics, relatives)


@use_case("group.change_basics", on="group")
def change_basics_in_group(
    change: Change, *, basics: Basics, relatives: list[dict[str, object]]
) -> None:
    """The same from within the patient's group, by a member of the managing organization."""
    _replace_basics(change, basics, relatives)


@dataclass(frozen=True, slots=True)
class ConsentForm:
    """Form 4 as it came back, or the reason why there is none (P4)."""

    state: str
    signature: Signature
    signed_on: date | None = None  # exempt_before: in use since that day
    declined: tuple[int, ...] = ()
    original_kept_by: UUID | None = None
    copy_given_on: date | None = None
    seek_by: date | None = None
    drawing: Drawing = field(default_factory=list)  # the signature, if drawn on the screen


@use_case("consent.record", on="patient")
def record_consent(change: Change, *, form: ConsentForm) -> Consent:
    """Record form 4, or an exemption with its reason (A6). Replaces the record before it.

    Raises:
        Problem: something the form needs is missing or contradicts itself.
    """
    patient = _patient(change)
    change.about("Patient", patient.id)
    _check_consent(form, patient)
    if not change.standing.who.system:  # what is taken over from paper says no more than it says
        _check_proxy(form)
    end_current(patient, change)
    consent = Consent(
        id=uuid7(),
        key_id=patient.key_id,
        patient=patient,
        state=form.state,
        signed_on=form.signed_on,
        declined=",".join(str(number) for number in sorted(form.declined)),
        original_kept_by_id=form.original_kept_by,
        copy_given_on=form.copy_given_on,
        text_number=_edition(change, form),
        seek_by=form.seek_by,
        recorded_at=change.now,
        recorded_by_id=change.standing.who.account,
    )
    consent.seal("signature_sealed", asdict(form.signature))
    if form.drawing:
        consent.seal("drawing_sealed", form.drawing)
    consent.save(force_insert=True)
    change.about("Consent", consent.id, patient=patient.id.hex, state=form.state)
    change.detail["declined"] = consent.declined
    for group in patient.groups.select_for_update().filter(closed_at=None):
        change.end_standings(group=group.id)
    return consent


def _edition(change: Change, form: ConsentForm) -> int | None:
    """The edition of form 4 that was in force when it was signed; None for what nobody signed."""
    if form.state != Consent.State.GIVEN or form.signed_on is None or change.standing.who.system:
        return None
    return in_force(change.region, FORM, form.signed_on).number


def end_current(patient: Patient, change: Change) -> None:
    """The record in force is in force no more; another one follows."""
    patient.consents.filter(ended_at=None).update(ended_at=change.now)


def _check_consent(form: ConsentForm, patient: Patient) -> None:
    if form.state == Consent.State.GIVEN:
        _check_given(form, patient)
        return
    if form.state not in Consent.State.values:
        raise Problem(gettext_noop("Please check once more."), field="state")
    if not form.signature.exemption_reason.strip():
        raise Problem(gettext_noop("Please give a reason."), field="exemption_reason")
    if form.state == Consent.State.EXEMPT_BEFORE:
        _check_before(form, patient)
    if form.state == Consent.State.EXEMPT_LIFE and form.seek_by is None:
        raise Problem(gettext_noop("Please say by when the consent is sought."), field="seek_by")


def _check_before(form: ConsentForm, patient: Patient) -> None:
    """In use before the policy took effect: since a day before that day (A6)."""
    if form.signed_on is None:
        return
    policies = PolicyVersion.objects.filter(region__organizations=patient.organization_id)
    first = policies.order_by("effective_on").first()
    if first is not None and form.signed_on >= first.effective_on:
        raise Problem(
            gettext_noop("This exemption is for use that began before the policy took effect."),
            field="used_since",
        )


def _check_proxy(form: ConsentForm) -> None:
    """Who signs for the patient says why, and that the patient's own wish was confirmed (P4)."""
    signature = form.signature
    if form.state != Consent.State.GIVEN or signature.relationship == "本人":
        return
    if not signature.proxy_reason.strip():
        raise Problem(gettext_noop("Please write why somebody else signs."), field="proxy_reason")
    if not signature.wish_confirmed:
        raise Problem(
            gettext_noop("Please confirm the patient's own wish first."), field="wish_confirmed"
        )


def _check_given(form: ConsentForm, patient: Patient) -> None:
    signed, given = form.signed_on, form.copy_given_on
    if signed is None:
        raise Problem(gettext_noop("Please write the date of consent."), field="signed_on")
    if signed > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="signed_on")
    if signed < patient.identity.born:
        raise Problem(gettext_noop("The date lies before the birth date."), field="signed_on")
    if not form.signature.signer.strip():
        raise Problem(gettext_noop("Please write who signed."), field="signer")
    if form.signature.relationship not in Consent.RELATIONSHIPS:
        raise Problem(gettext_noop("Please choose the relationship."), field="relationship")
    if given is not None and given < signed:
        raise Problem(
            gettext_noop("The copy cannot have been given before the consent."),
            field="copy_given_on",
        )
    if given is not None and given > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="copy_given_on")
    if set(form.declined) & {1, 5} and not form.signature.declined_reason.strip():
        raise Problem(
            gettext_noop("Please write what was said when purpose 1 or 5 was declined."),
            field="declined_reason",
        )
    if set(form.declined) - set(Consent.DECLINABLE):
        raise Problem(gettext_noop("Purposes 6 and 7 are legal grounds."), field="declined")
    _check_keeper(form.original_kept_by, patient)


def _check_keeper(keeper: UUID | None, patient: Patient) -> None:
    if keeper is None:
        raise Problem(
            gettext_noop("Please choose who keeps the original."), field="original_kept_by"
        )
    same_region = Organization.objects.filter(
        pk=keeper, region__organizations=patient.organization_id
    )
    if not same_region.exists():
        raise Problem(
            gettext_noop("Please choose who keeps the original."), field="original_kept_by"
        )


@use_case("consent.withdraw", on="patient")
def withdraw_consent(change: Change, *, reason: str, withdrawn_on: date) -> None:
    """Record that the patient takes the consent back.

    The patient's groups close at once to everyone but members of the managing organization, and
    the fact stands in their timelines.

    Raises:
        Problem: there is no consent to withdraw, or the date cannot be.
    """
    patient = _patient(change)
    change.about("Patient", patient.id)
    if withdrawn_on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="withdrawn_on")
    consent = patient.consents.filter(ended_at=None).first()
    if consent is None:
        raise Problem(gettext_noop("There is no consent to withdraw."))
    if consent.signed_on is not None and withdrawn_on < consent.signed_on:
        raise Problem(gettext_noop("The date lies before the consent."), field="withdrawn_on")
    signature = {**asdict(consent.signature), "withdrawal_reason": reason.strip()[:500]}
    consent.seal("signature_sealed", signature)
    consent.withdrawn_on, consent.ended_at = withdrawn_on, change.now
    consent.save(update_fields=["signature_sealed", "withdrawn_on", "ended_at"])
    change.about("Consent", consent.id, patient=patient.id.hex)
    for group in patient.groups.select_for_update().filter(closed_at=None):
        say_withdrawn(change, group)


def say_withdrawn(change: Change, group: Group, *, event: str = "withdrawn") -> None:
    """Let the timeline say that the group closes to others, or what became of purpose 4."""
    entry = log.append(
        group=group.id,
        key=group.key_id,
        last_seq=group.last_seq,
        sender=change.account,
        role=change.standing.who.role,
        text="",
        sent_us=change.now_us,
        posted_us=change.now_us,
        event=event,
    )
    change.end_standings(group=group.id)
    assert entry is not None
    change.detail.setdefault("entries", []).append(entry.line)
    change.tell("log", group.id, entry.seq)
