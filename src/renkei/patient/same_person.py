"""The same person, registered by two organizations: noticed without looking, and put right (A4).

What is compared is a keyed hash (``Likeness``). The operator learns that two organizations may have
registered one person, and when; each organization looks at its own patient. Neither sees the record
of the other, and what follows is a hand-over on which both agree. Which the other organization is
stands there only once both have said that it is one person: else whoever registers somebody by
their reading and birth date would learn where they are cared for. Who does so often is shown to the
operator, and a pair that was asked about stays.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import F, Q
from django.utils.translation import gettext_noop

from renkei.group.shell import Shell, shell
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Unknown
from renkei.patient.identity import open_identity
from renkei.patient.likeness import note_likeness
from renkei.patient.models import HandOver, Identity, Patient, SamePerson
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

AT_ONCE: Final = 200  # patients marked in one turn
LATELY: Final = timedelta(days=30)
OFTEN: Final = 5  # people registered lately whom others have: more than chance


@use_case("likeness.fill", on="region")
def fill_likeness(change: Change) -> int:
    """Mark patients that have no mark yet, from before marks were made; how many this turn.

    One whose identity does not open any more is passed over.
    """
    count, change.silent = 0, True
    waiting = Patient.objects.filter(likeness=None).order_by("pk")
    for patient in waiting.select_for_update(of=("self",), skip_locked=True)[:AT_ONCE]:
        identity = open_identity(patient.id, patient.key_id, patient.identity_sealed)
        if identity.birth_date:
            note_likeness(patient, identity, change.now)
            count += 1
    return count


# ── The operator arranges ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class PairLine:
    """Two organizations and days; nothing of the person."""

    id: UUID
    one: str
    other: str
    one_since: datetime
    other_since: datetime
    noticed_at: datetime
    asked_at: datetime | None
    one_answer: str
    other_answer: str
    handing: str  # the organization that is asked to hand over
    state: str  # new asked same arranged proposed different joined
    often: str = ""  # the organization that registered later, if it does so again and again
    times: int = 0


@dataclass(frozen=True, slots=True)
class Pairs:
    """What may be one person, what waits for the operator first."""

    lines: list[PairLine]
    shell: Shell


_ORDER: Final = ("new", "same", "asked", "arranged", "proposed", "different", "joined")


def _state(pair: SamePerson, proposed: set[UUID]) -> str:
    answers = {pair.one_answer, pair.other_answer}
    if "different" in answers:
        return "different"
    if pair.closed_at is not None:
        return "joined"
    if pair.handing_id is not None:
        return "proposed" if pair.id in proposed else "arranged"
    if answers == {"same"}:
        return "same"
    return "asked" if pair.asked_at else "new"


@disclosure("same_person.list", on="region")
def see_pairs(standing: Standing) -> Pairs:
    """The operator's desk: which organizations may have registered one person, and when."""
    found = SamePerson.objects.filter(region=standing.who.region)
    listed = list(found.select_related("one__organization", "other__organization"))
    waiting = HandOver.objects.filter(
        state=HandOver.State.OPEN, pair__in=[one.id for one in listed]
    )
    proposed = {one for one in waiting.values_list("pair_id", flat=True) if one}
    lately = Counter(
        _later(one).organization.name for one in listed if one.noticed_at > clock.now() - LATELY
    )
    lines = [
        PairLine(
            id=one.id,
            one=one.one.organization.name,
            other=one.other.organization.name,
            one_since=one.one.registered_at,
            other_since=one.other.registered_at,
            noticed_at=one.noticed_at,
            asked_at=one.asked_at,
            one_answer=one.one_answer,
            other_answer=one.other_answer,
            handing=_of(one, one.handing_id).organization.name if one.handing_id else "",
            state=_state(one, proposed),
            often=name if lately[name := _later(one).organization.name] >= OFTEN else "",
            times=lately[name],
        )
        for one in listed
        if one.closed_at is not None or one.one.organization_id != one.other.organization_id
    ]
    return Pairs(sorted(lines, key=lambda one: _ORDER.index(one.state)), shell(standing))


def _later(pair: SamePerson) -> Patient:
    return max(pair.one, pair.other, key=lambda one: (one.registered_at, one.id))


def _of(pair: SamePerson, patient: UUID | None) -> Patient:
    return pair.one if patient == pair.one_id else pair.other


def _pair(change: Change, pair: UUID) -> SamePerson:
    found = SamePerson.objects.select_for_update(of=("self",)).filter(
        pk=pair, region=change.region, closed_at=None
    )
    one = found.first()
    if one is None:
        raise Unknown("pair")
    change.stream = f"region:{change.region.hex}"
    change.about("SamePerson", one.id)
    return one


@use_case("same_person.arrange", on="region")
def ask_both(change: Change, *, pair: UUID) -> None:
    """Ask the administrators of both organizations to look at their own patient."""
    one = _pair(change, pair)
    change.silent = one.asked_at is not None
    if one.asked_at is None:
        one.asked_at, one.asked_by_id = change.now, change.account
        one.save(update_fields=["asked_at", "asked_by"])
        change.detail["step"] = "asked"


@use_case("same_person.arrange", on="region")
def ask_to_hand_over(change: Change, *, pair: UUID, side: str) -> None:
    """Both say it is the same person: ask one organization to hand its record over to the other.

    Args:
        side: "one" or "other", whose record passes.

    Raises:
        Problem: they have not both said so, or no side was chosen.
    """
    one = _pair(change, pair)
    if (one.one_answer, one.other_answer) != ("same", "same"):
        raise Problem(gettext_noop("Both organizations have to say first that it is one person."))
    if side not in ("one", "other"):
        raise Problem(gettext_noop("Please choose one."))
    one.handing_id = one.one_id if side == "one" else one.other_id
    one.save(update_fields=["handing"])
    change.detail |= {"step": "hand_over", "side": side}


# ── Each organization looks at its own patient ───────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Question:
    """What the operator asks an organization about one of its patients."""

    pair: UUID
    other: str  # the other organization, once both have said that it is one person
    answer: str
    both: bool  # both said it is the same person
    hand_over: bool  # this organization is asked to hand its record over


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions about one patient, for the administrators who keep the record."""

    patient: UUID
    identity: Identity
    asked: list[Question]
    shell: Shell


def _asked(patient: Patient) -> Iterator[SamePerson]:
    pairs = SamePerson.objects.filter(
        Q(one=patient) | Q(other=patient), closed_at=None, asked_at__isnull=False
    ).exclude(one__organization=F("other__organization"))
    yield from pairs.select_related("one__organization", "other__organization")


@disclosure("same_person.answer", on="patient", opens="same")
def see_questions(standing: Standing) -> Questions:
    """Whether another organization may have registered the same person; its name, if it is one."""
    assert standing.where is not None and standing.where.patient is not None
    patient = Patient.objects.get(pk=standing.where.patient)
    asked = []
    for pair in _asked(patient):
        mine = pair.one_id == patient.id
        other = pair.other if mine else pair.one
        both = (pair.one_answer, pair.other_answer) == ("same", "same")
        asked.append(
            Question(
                pair=pair.id,
                other=other.organization.name if both else "",
                answer=pair.one_answer if mine else pair.other_answer,
                both=both,
                hand_over=pair.handing_id == patient.id,
            )
        )
    identity = open_identity(patient.id, patient.key_id, patient.identity_sealed)
    return Questions(patient.id, identity, asked, shell(standing))


@use_case("same_person.answer", on="patient")
def answer_question(change: Change, *, pair: UUID, answer: str) -> None:
    """Say whether it is the same person, having asked the patient or the other organization.

    Raises:
        Problem: it was answered already, or with neither of the two words.
    """
    patient = Patient.objects.get(pk=change.patient)
    found = SamePerson.objects.select_for_update(of=("self",)).filter(
        Q(one=patient) | Q(other=patient), pk=pair, closed_at=None, asked_at__isnull=False
    )
    one = found.first()
    if one is None:
        raise Unknown("pair")
    if answer not in SamePerson.Answer.values:
        raise Problem(gettext_noop("Please choose one."), field="answer")
    column = "one_answer" if one.one_id == patient.id else "other_answer"
    if getattr(one, column):
        raise Problem(gettext_noop("This was answered already."))
    setattr(one, column, answer)
    if answer == SamePerson.Answer.DIFFERENT:
        one.closed_at = change.now
    one.save(update_fields=[column, "closed_at"])
    change.about("SamePerson", one.id, patient=patient.id.hex, answer=answer)
