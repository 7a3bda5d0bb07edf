"""By what it is noticed that two organizations have registered the same person (A4).

A keyed hash of reading, birth date and sex: equal for equal people, and telling nothing of them.
"""

from datetime import datetime
from uuid import UUID

from renkei.kernel import vault
from renkei.kernel.japanese import sounding
from renkei.patient.models import Identity, Likeness, Patient, SamePerson
from renkei.region.models import Region


def _key(region: Region) -> UUID:
    """The region's key for marks; its row is locked, so that there is never a second one."""
    if region.likeness_key is None:
        region.likeness_key = vault.make_key("likeness")
        region.save(update_fields=["likeness_key"])
    return region.likeness_key


def mark(key: UUID, identity: Identity) -> str:
    """What two records of one person have in common: reading, birth date and sex, keyed."""
    parts = (sounding(identity.kana), identity.birth_date, identity.sex)
    return vault.mark(key, "\n".join(parts).encode(), about="patient.Likeness")


def note_likeness(patient: Patient, identity: Identity, now: datetime) -> int:
    """Mark a patient whose row is new or locked; how many records of others are noticed anew.

    The region's row makes two who register one person at the same moment wait for each other:
    the later one notices.
    """
    region = Region.objects.select_for_update(no_key=True).get(
        organizations=patient.organization_id
    )
    made = mark(_key(region), identity)
    Likeness.objects.update_or_create(patient=patient, defaults={"region": region, "mark": made})
    _forget_unlike(patient, made, now)
    found = 0
    others = Likeness.objects.filter(region=region, mark=made).exclude(patient=patient)
    for other in others.exclude(patient__organization=patient.organization_id):
        one, two = sorted((patient.id, other.patient_id))
        _, new = SamePerson.objects.get_or_create(
            one_id=one, other_id=two, defaults={"region": region, "noticed_at": now}
        )
        found += new
    return found


def _forget_unlike(patient: Patient, made: str, now: datetime) -> None:
    """Pairs that are not alike any more, since an identity was corrected, and not settled.

    What was asked about stays, as said to be another: whoever tries out identities leaves a trace.
    """
    open_ones = SamePerson.objects.filter(closed_at=None)
    for mine, answer, theirs in (("one", "one_answer", "other"), ("other", "other_answer", "one")):
        unlike = open_ones.filter(**{mine: patient}).exclude(**{f"{theirs}__likeness__mark": made})
        unlike.filter(asked_at=None).delete()
        unlike.update(closed_at=now, **{answer: SamePerson.Answer.DIFFERENT})
