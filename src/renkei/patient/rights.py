"""What patients may ask for about their own information, by when, and what was answered (P4).

The managing organization receives and answers; the operator learns how many there are and how many
are late, and nothing else.
"""

from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Max, Q
from django.utils.translation import gettext_noop

from renkei.group.shell import Shell, shell
from renkei.kernel import clock, vault
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.patient.identity import open_identity
from renkei.patient.models import Answer, Asked, Identity, Patient, RightsRequest
from renkei.people.faces import name_of
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters
from renkei.region.edition import edition_of

IDENTITY: Final = (
    "マイナンバーカード（表）", "運転免許証", "資格確認書等", "委任状", "戸籍等", "その他"
)  # fmt: skip
WAYS: Final = ("画面・電子ファイル", "紙", "見るだけ")
_TEXT_MOST: Final = 2000


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody of the organization who can see to a request."""

    account: UUID
    name: str


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request in a list, or in full."""

    id: UUID
    patient: UUID
    identity: Identity
    number: int
    kinds: list[str]
    requester: str
    asked: Asked
    received_on: date
    received_by: str
    due_on: date
    assigned: str
    assigned_id: UUID | None
    result: str
    answer: Answer
    answered_on: date | None

    @property
    def open(self) -> bool:
        """It has not been answered."""
        return self.answered_on is None

    @property
    def overdue(self) -> bool:
        """It should have been answered by now."""
        return self.open and self.due_on < clock.today()


def _asked(one: RightsRequest) -> Asked:
    try:
        return one.asked
    except DAMAGE as found:
        return Asked(scope=sentence(found))


def _answer(one: RightsRequest) -> Answer:
    try:
        return one.answer
    except DAMAGE as found:
        return Answer(done=sentence(found))


def _line(one: RightsRequest) -> RequestLine:
    patient = one.patient
    return RequestLine(
        id=one.id,
        patient=patient.id,
        identity=open_identity(patient.id, patient.key_id, patient.identity_sealed),
        number=one.number,
        kinds=[kind for kind in one.kinds.split(",") if kind],
        requester=one.requester,
        asked=_asked(one),
        received_on=one.received_on,
        received_by=name_of(one.received_by),
        due_on=one.due_on,
        assigned=name_of(one.assigned),
        assigned_id=one.assigned_id,
        result=one.result,
        answer=_answer(one),
        answered_on=one.answered_on,
    )


_WITH = ("patient", "received_by", "assigned")


# ── Seeing ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests an organization has received, the overdue ones first."""

    lines: list[RequestLine]
    shell: Shell


@disclosure("rights.list", on="organization")
def see_requests(standing: Standing) -> Requests:
    """The requests about patients the organization manages: overdue, open by due date, answered."""
    found = RightsRequest.objects.filter(
        patient__organization=standing.what.target_organization
    ).select_related(*_WITH)
    listed = list(found)
    vault.warm({one.key_id for one in listed})
    lines = sorted(
        (_line(one) for one in listed),
        key=lambda one: (not one.open, one.due_on if one.open else date.max, -one.number),
    )
    return Requests(lines, shell(standing))


@dataclass(frozen=True, slots=True)
class RightsDesk:
    """A patient with the requests made about them."""

    patient: UUID
    identity: Identity
    organization: str
    lines: list[RequestLine]
    staff: list[Staff]
    days: int  # within which an answer is given
    shell: Shell

    def one(self, number: int) -> RequestLine:
        """The request of that number.

        Raises:
            Unknown: this patient has none.
        """
        for line in self.lines:
            if line.number == number:
                return line
        raise Unknown("rights request")


def _staff(organization: UUID) -> list[Staff]:
    roles = PractitionerRole.objects.filter(
        organization=organization, ended_at=None, account__suspended_at=None
    ).select_related("account")
    people = {one.account_id: Staff(one.account_id, name_of(one.account)) for one in roles}
    return sorted(people.values(), key=lambda one: one.name)


def _days(region: UUID) -> int:
    return int(parameters.of(edition_of(region))["rights_answer_days"])


@disclosure("rights.see", on="patient")
def see_rights(standing: Standing) -> RightsDesk:
    """The requests about one patient, the newest first."""
    where, region = standing.where, standing.who.region
    assert where is not None and where.patient is not None and region is not None
    patient = Patient.objects.select_related("organization").get(pk=where.patient)
    found = patient.rights_requests.select_related(*_WITH).order_by("-number")
    return RightsDesk(
        patient=patient.id,
        identity=patient.identity,
        organization=patient.organization.name,
        lines=[_line(one) for one in found],
        staff=_staff(patient.organization_id),
        days=_days(region),
        shell=shell(standing),
    )


@dataclass(frozen=True, slots=True)
class Count:
    """How many requests stand with an organization; nothing of what they are about."""

    organization: str
    open: int
    overdue: int
    answered: int


@disclosure("rights.count", on="region")
def count_requests(standing: Standing) -> list[Count]:
    """For the operator: numbers alone, those with something overdue first."""
    counts: dict[UUID, list[int]] = {}
    found = RightsRequest.objects.filter(patient__organization__region=standing.who.region)
    names = dict(Organization.objects.filter(region=standing.who.region).values_list("id", "name"))
    facts = found.values_list("patient__organization_id", "due_on", "answered_on")
    for organization, due_on, answered_on in facts:
        numbers = counts.setdefault(organization, [0, 0, 0])
        if answered_on is not None:
            numbers[2] += 1
        else:
            numbers[0] += 1
            numbers[1] += due_on < clock.today()
    lines = [Count(names[one], *numbers) for one, numbers in counts.items()]
    return sorted(lines, key=lambda one: (-one.overdue, -one.open, one.organization))


# ── Receiving and answering ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came (rights-request)."""

    kinds: tuple[str, ...]
    requester: str
    asked: Asked = field(default_factory=Asked)
    received_on: date = date.min
    assigned: UUID | None = None


@use_case("rights.receive", on="patient")
def receive_request(change: Change, *, received: Received) -> RightsRequest:
    """Take in a request; its answer is due within the days the policy gives (P4).

    Raises:
        Problem: something is missing, or nobody checked who asks.
    """
    patient = Patient.objects.select_for_update().get(pk=change.patient)
    change.about("Patient", patient.id)
    _check_received(received, patient)
    organization = Organization.objects.select_for_update().get(pk=patient.organization_id)
    last = RightsRequest.objects.filter(organization=organization).aggregate(Max("number"))
    request = RightsRequest(
        id=uuid7(),
        key_id=patient.key_id,
        patient=patient,
        organization=organization,
        number=(last["number__max"] or 0) + 1,
        kinds=",".join(one for one in RightsRequest.Kind.values if one in received.kinds),
        requester=received.requester,
        received_on=received.received_on,
        received_by_id=change.account,
        due_on=received.received_on + timedelta(days=_days(change.region)),
        assigned_id=received.assigned,
    )
    request.seal("asked_sealed", asdict(received.asked))
    request.save(force_insert=True)
    change.about("RightsRequest", request.id, number=request.number, kinds=request.kinds)
    return request


def _check_received(received: Received, patient: Patient) -> None:
    if not received.kinds or set(received.kinds) - set(RightsRequest.Kind.values):
        raise Problem(gettext_noop("Please choose what is asked for."), field="kinds")
    if received.requester not in RightsRequest.Requester.values:
        raise Problem(gettext_noop("Please choose who asks."), field="requester")
    if received.requester != "patient" and not received.asked.requester_name.strip():
        raise Problem(
            gettext_noop("Please write the name of who asks, and the relationship."),
            field="requester_name",
        )
    if not received.asked.identity or set(received.asked.identity) - set(IDENTITY):
        raise Problem(gettext_noop("Please say how the person was identified."), field="identity")
    if received.requester == "delegate" and "委任状" not in received.asked.identity:
        raise Problem(
            gettext_noop("Somebody who was delegated shows a letter of attorney."), field="identity"
        )
    if not received.asked.scope.strip():
        raise Problem(gettext_noop("Please write which information it is about."), field="scope")
    if "correction" in received.kinds and not received.asked.correction.strip():
        raise Problem(gettext_noop("Please write what is to be corrected."), field="correction")
    if received.received_on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="received_on")
    if received.assigned is not None:
        _check_assigned(received.assigned, patient.organization_id)


def _check_assigned(account: UUID, organization: UUID) -> None:
    if account not in {one.account for one in _staff(organization)}:
        raise Problem(
            gettext_noop("Please choose somebody of your organization."), field="assigned"
        )


def _request(change: Change, number: int) -> RightsRequest:
    """The patient's request of that number, locked.

    Raises:
        Unknown: this patient has none.
    """
    found = RightsRequest.objects.select_for_update().filter(
        Q(patient=change.patient), number=number
    )
    request = found.first()
    if request is None:
        raise Unknown("rights request")
    return request


@use_case("rights.answer", on="patient")
def assign_request(change: Change, *, number: int, account: UUID | None) -> None:
    """Say who sees to it.

    Raises:
        Unknown: this patient has no such request.
        Problem: it has been answered, or the person does not work there.
    """
    request = _request(change, number)
    change.about("RightsRequest", request.id, part="assigned")
    _check_open(request)
    if account is not None:
        _check_assigned(account, request.patient.organization_id)
    request.assigned_id = account
    request.save(update_fields=["assigned"])


@use_case("rights.answer", on="patient")
def answer_request(
    change: Change, *, number: int, result: str, answer: Answer, answered_on: date
) -> None:
    """Record the answer; given once, it stays as it is.

    Raises:
        Unknown: this patient has no such request.
        Problem: it has been answered, or something is missing; refusing needs a reason.
    """
    request = _request(change, number)
    change.about("RightsRequest", request.id, number=request.number, result=result)
    _check_open(request)
    _check_answer(request, result, answer, answered_on)
    request.result, request.answered_on = result, answered_on
    request.answered_by_id = change.account
    request.seal("answer_sealed", asdict(answer))
    request.save(update_fields=["result", "answered_on", "answered_by", "answer_sealed"])


def _check_open(request: RightsRequest) -> None:
    if request.answered_on is not None:
        raise Problem(gettext_noop("This request has been answered already."))


def _check_answer(request: RightsRequest, result: str, answer: Answer, on: date) -> None:
    if result not in RightsRequest.Result.values:
        raise Problem(gettext_noop("Please choose the result."), field="result")
    if result != RightsRequest.Result.NOTHING and not answer.done.strip():
        raise Problem(gettext_noop("Please write what was done."), field="done")
    if result in ("partly", "refused") and not answer.reasons.strip():
        raise Problem(gettext_noop("Please write the reason."), field="reasons")
    if on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="answered_on")
    if on < request.received_on:
        raise Problem(
            gettext_noop("The date lies before the day of the request."), field="answered_on"
        )
    if any(len(one) > _TEXT_MOST for one in asdict(answer).values()):
        raise Problem(gettext_noop("This is too long."), field="done")
