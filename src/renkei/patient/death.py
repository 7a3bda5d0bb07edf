"""A patient has died: recorded once, and nothing asks for anything of theirs after that (A11.6).

Nothing else happens by itself. The groups stay as they are; their managers are asked, without
haste, whether to move them to the archive.
"""

from datetime import date

from django.utils.translation import gettext_noop

from renkei.group.membership import say
from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.patient.models import Patient
from renkei.policy.use_case import Change, use_case


@use_case("patient.record_death", on="patient")
def record_death(change: Change, *, died_on: date) -> None:
    """Record the day of death; the team reads of it in the group, without the day.

    Raises:
        Problem: the day cannot be.
    """
    patient = Patient.objects.select_for_update().get(pk=change.patient)
    if died_on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="died_on")
    if died_on < patient.identity.born:
        raise Problem(gettext_noop("The date lies before the birth date."), field="died_on")
    if patient.died_on == died_on:
        change.silent = True
        return
    first = patient.deceased_at is None
    patient.seal("death_sealed", {"on": died_on.isoformat()})
    patient.deceased_at = patient.deceased_at or change.now
    patient.save(update_fields=["death_sealed", "deceased_at"])
    change.about("Patient", patient.id, part="death")
    if not first:
        return
    for group in patient.groups.select_for_update().filter(kind="patient", closed_at=None):
        group.asked_again_at = None  # who put off archiving a living patient's group is asked anew
        group.save(update_fields=["asked_again_at"])
        say(change, group, "died", subject=None)


@use_case("patient.record_death", on="patient")
def take_back_death(change: Change) -> None:
    """It was recorded by mistake: the patient lives.

    Raises:
        Problem: none is recorded.
    """
    patient = Patient.objects.select_for_update().get(pk=change.patient)
    if patient.deceased_at is None:
        raise Problem(gettext_noop("No death is recorded."))
    patient.death_sealed, patient.deceased_at = None, None
    patient.save(update_fields=["death_sealed", "deceased_at"])
    change.about("Patient", patient.id, part="death", taken_back=True)
    for group in patient.groups.select_for_update().filter(kind="patient", closed_at=None):
        say(change, group, "lives", subject=None)
