"""An organization takes part no more: what it has to put in order, and the end of it all (A3, A7).

Nothing of it happens while the organization manages a patient's open group: patients are handed
over, or their groups ended, before (A4). Free groups that were founded there are handed on or end
with it (``founded``). Groups that rest in the archive hold nobody up: they end
with it, so that nobody writes there without an organization that manages it, and stay readable
to their members (A11.6). The duty of confidentiality stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from renkei.device.blocking import block_device
from renkei.device.models import Device, Listing, TakeOut
from renkei.enrollment.founded import Founded, founded, settle
from renkei.enrollment.leaving import OPEN_DEVICES, end_everything
from renkei.enrollment.models import Departure
from renkei.group.membership import finish
from renkei.group.models import Group
from renkei.group.network import let_out
from renkei.incident.models import Incident
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.people.models import Organization, PractitionerRole, Registration
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.form_texts import Wording, in_force

FORM: Final = "organization-leaving"
CONTACT_LENGTH: Final = 200
ENDED: Final = "管理する事業所の利用終了"  # what the timeline says of a group that rested


@dataclass(frozen=True, slots=True)
class Checklist:
    """What is still to be put in order, and what was when the organization has left."""

    organization: UUID
    name: str
    groups: int  # patients' groups that it manages and that are open
    free: list[Founded]  # free groups that were founded there; for its own administrator alone
    people: int
    devices: list[str]  # numbers of those that are still in use
    take_outs: int
    incidents: int
    words: Wording
    left: Departure | None
    contact: str  # afterwards; only once it has left
    own: bool  # the person who asks acts for it

    @property
    def may_leave(self) -> bool:
        """Whether nothing stands in the way."""
        return self.left is None and not self.groups and not self.take_outs and not self.incidents


@dataclass(frozen=True, slots=True)
class Goodbye:
    """What an organization says as it leaves."""

    reason: str
    originals: str
    contact: str
    erased_on: date | None
    number: int  # the edition of the words that were acknowledged
    free: Mapping[UUID, UUID | None] = field(default_factory=dict)  # see ``founded.settle``


def _groups(organization: UUID) -> QuerySet[Group]:
    found = Group.objects.filter(organization=organization, closed_at=None, archived_at=None)
    return found.exclude(kind=Group.Kind.FREE)


def _resting(organization: UUID) -> QuerySet[Group]:
    return Group.objects.filter(organization=organization, closed_at=None).exclude(archived_at=None)


def _devices(organization: UUID) -> QuerySet[Device]:
    return Device.objects.filter(organization=organization, state__in=OPEN_DEVICES)


def _out(organization: UUID) -> QuerySet[TakeOut]:
    return TakeOut.objects.filter(organization=organization, state=TakeOut.State.APPROVED)


def _incidents(organization: UUID) -> QuerySet[Incident]:
    return Incident.objects.filter(organization=organization, closed_at=None)


@disclosure("organization.see_leaving", on="organization")
def see_checklist(standing: Standing) -> Checklist:
    """How far an organization is with leaving; of patients and people the numbers alone."""
    target = standing.what.target_organization
    assert target is not None
    place = Organization.objects.get(pk=target)
    left = Departure.objects.filter(organization=target).first()
    return Checklist(
        organization=target,
        name=place.name,
        groups=_groups(target).count(),
        free=founded(target, clock.now(), standing.who.account)
        if may(standing, "organization.leave")
        else [],
        people=PractitionerRole.objects.filter(organization=target, ended_at=None).count(),
        devices=list(_devices(target).order_by("number").values_list("number", flat=True)),
        take_outs=_out(target).count(),
        incidents=_incidents(target).count(),
        words=in_force(place.region_id, FORM, clock.today()),
        left=left,
        contact=str(left.unseal("contact")) if left else "",
        own=standing.who.organization == target,
    )


@use_case("organization.leave", on="organization")
def leave_network(change: Change, *, goodbye: Goodbye) -> UUID:
    """Take part no more: roles, memberships, invitations, sessions and devices end at once.

    Raises:
        Problem: a patient's group is open, something is out or an incident open, a device is not
            accounted for, or what has to be said is missing.
    """
    target = change.standing.what.target_organization
    assert target is not None
    organization = Organization.objects.select_for_update().get(pk=target)
    change.stream = f"organization:{organization.id.hex}"
    change.about("Organization", organization.id)
    _judge(organization, goodbye)
    contact = clean_text(goodbye.contact).strip()
    departure = Departure(
        id=uuid7(),
        key_id=organization.key_id,
        organization=organization,
        left_on=clock.today(),
        reason=goodbye.reason,
        originals=goodbye.originals,
        erased_on=goodbye.erased_on,
        text_number=goodbye.number,
        ended=settle(change, organization, goodbye.free, ended=ENDED)
        | _end(change, organization, goodbye.erased_on),
        by_id=change.account,
        at=change.now,
    )
    departure.seal("contact", contact)
    departure.save(force_insert=True)
    organization.left_on, organization.listed = departure.left_on, False
    organization.save(update_fields=["left_on", "listed"])
    change.about("Organization", organization.id, departure=departure.id.hex, **departure.ended)
    change.end_standings()
    return departure.id


def _judge(organization: Organization, goodbye: Goodbye) -> None:
    """Raise Problem unless everything is in order."""
    if organization.left_on is not None:
        raise Problem(gettext_noop("The organization has left already."))
    if _groups(organization.id).exists():
        raise Problem(
            gettext_noop("Please hand over the patients, or end their groups, before leaving.")
        )
    if _out(organization.id).exists():
        raise Problem(gettext_noop("Something that was taken out is not back yet."))
    if _incidents(organization.id).exists():
        raise Problem(gettext_noop("An incident is still open."))
    if goodbye.reason and goodbye.reason not in Departure.Reason.values:
        raise Problem(gettext_noop("Please choose one."), field="reason")
    if goodbye.originals not in Departure.Originals.values:
        raise Problem(gettext_noop("Please choose one."), field="originals")
    contact = clean_text(goodbye.contact).strip()
    if not contact or len(contact) > CONTACT_LENGTH:
        raise Problem(gettext_noop("Please write who answers questions."), field="contact")
    if goodbye.erased_on and goodbye.erased_on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="erased_on")
    if _devices(organization.id).exists() and goodbye.erased_on is None:
        raise Problem(
            gettext_noop("Please say when the devices were returned and erased."),
            field="erased_on",
        )
    words = in_force(organization.region_id, FORM, clock.today())
    if goodbye.number != words.number:
        raise Problem(gettext_noop("The words have changed meanwhile. Please read them again."))


def _end(change: Change, organization: Organization, erased_on: date | None) -> dict[str, int]:
    """End everything that rests on the organization; how much of each."""
    ended = {"people": 0, "groups": 0, "invitations": 0, "sessions": 0, "devices": 0}
    for group in _resting(organization.id).select_for_update().order_by("pk"):
        finish(change, group, ENDED)
    roles = PractitionerRole.objects.filter(organization=organization, ended_at=None)
    for role in roles.select_related("account").order_by("account_id"):
        role.ended_at = _moment(change.now, role)
        role.save(update_fields=["ended_at"])
        let_out(change, role.account)
        for what, count in end_everything(change, role).items():
            ended[what] += count
        ended["people"] += 1
    for device in _devices(organization.id):
        block_device(change, device.id, state=Device.State.RETIRED, reason_word="left")
        Device.objects.filter(pk=device.id).update(erased_on=erased_on)
        ended["devices"] += 1
    Listing.objects.filter(Q(organization=organization) & Q(usable_until__gt=change.now)).update(
        usable_until=change.now
    )
    Registration.objects.filter(organization=organization, answer="").update(
        answer=Registration.Answer.TAKEN_BACK, answered_at=change.now
    )
    return ended


def _moment(now: datetime, role: PractitionerRole) -> datetime:
    """Never before the beginning, even if the clock was set back since."""
    began: datetime = role.started_at
    return max(now, began)
