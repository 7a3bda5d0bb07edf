"""What a line about a patient means: identity, basics, the first relative, form 4."""

from uuid import UUID

from renkei.patient.models import Basics, Consent, Identity, Relative, Signature
from renkei.patient.services import ConsentForm
from renkei.people.models import Organization
from renkei.region.folder import PatientLine, StaffLine

Colleague = tuple[StaffLine, Organization]  # a member of the team, and for whom they take part


def identity(line: PatientLine) -> Identity:
    """Who the patient is."""
    return Identity(
        name=line.name,
        kana=line.kana,
        birth_date=line.birth_date.isoformat(),
        sex=line.sex,
        address=line.address,
        phone=line.phone,
        mobile=line.mobile,
    )


def basics(line: PatientLine, team: list[Colleague]) -> Basics:
    """What the team needs to know at once, with whom to ring: its physician, its visiting nurses.

    Of several physicians the one of the managing organization is meant, else the first.
    """
    physicians = [one for one in team if one[0].profession == "医師"]
    physicians.sort(key=lambda one: one[1].code != line.organization_code)
    stations = [home for _, home in team if home.kind == Organization.Kind.VISITING_NURSES]
    physician, clinic = physicians[0] if physicians else (None, None)
    station = stations[0] if stations else None
    return Basics(
        insurer_number=line.insurer_number,
        physician_name=physician.name if physician else "",
        physician_organization=clinic.name if clinic else "",
        physician_phone=clinic.phone if clinic else "",
        nurse_station=station.name if station else "",
        nurse_phone=station.phone if station else "",
    )


def relative(line: PatientLine) -> Relative | None:
    """Whom to ring first; None if the line names nobody."""
    if not (line.emergency_name or line.emergency_phone):
        return None
    phones = [line.emergency_phone] if line.emergency_phone else []
    return Relative(line.emergency_name, line.emergency_relationship, phones=phones)


def consent(line: PatientLine, organization: UUID) -> ConsentForm:
    """Form 4 as it lies with the managing organization, which keeps the original (F3)."""
    return ConsentForm(
        state=Consent.State.GIVEN.value,
        signature=Signature(line.consent_signer, line.consent_relationship),
        signed_on=line.consent_date,
        original_kept_by=organization,
        copy_given_on=line.copy_given_date,
    )
