"""Who saw what: everything that an account or a device was shown in a time, by patient.

Reading is recorded once, when an entry is first shown, and a photo or document when it is first
opened; what was shown again leaves no line. So a row also says how much of the log was open to the
person in that time: whoever holds a lost device may have opened that again. Pages about the patient
are recorded once a day.

Names stand only for the patients that the asking administrator's organization manages. Of the other
patients of one's own staff the initials are shown, which one saw already when one approved their
taking part, and numbers; never a word of what was said (N2.3).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson
from django.db.models import Q

from renkei.audit import trail
from renkei.audit.trail import Event
from renkei.device.models import Device
from renkei.group.models import Group, Member
from renkei.kernel.clock import to_us
from renkei.kernel.errors import Unknown
from renkei.kernel.japanese import initials
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity, Patient
from renkei.people.faces import open_profile
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import disclosure, own_record

Range = tuple[UUID, int, int]  # group, first and last entry


@dataclass(slots=True)
class Seen:
    """What of one patient was shown, in the group or on a page about the patient."""

    organization: str  # that manages the patient
    own: bool  # it is the asking administrator's
    identity: Identity | None  # only of one's own patients
    initials: str
    reach: int = 0  # entries that were open to the person in that time; 0 if they were no member
    first_at: datetime | None = None
    last_at: datetime | None = None
    shown: set[int] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)  # record · basics · members · consent
    files: set[str] = field(default_factory=set)  # photos and documents, by their ids
    people: set[str] = field(default_factory=set)

    @property
    def entries(self) -> int:
        """How many entries were shown for the first time."""
        return len(self.shown)

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Their numbers as ranges."""
        found: list[tuple[int, int]] = []
        for number in sorted(self.shown):
            if found and found[-1][1] == number - 1:
                found[-1] = (found[-1][0], number)
            else:
                found.append((number, number))
        return found


@dataclass(frozen=True, slots=True)
class SeenBy:
    """The whole list, and about whom it is."""

    person: str
    device: str
    since: datetime
    until: datetime
    rows: list[Seen]
    hidden: int  # groups of other organizations, when the person is none of one's own staff

    @property
    def own(self) -> list[Seen]:
        """One's own organization's patients."""
        return [one for one in self.rows if one.own]

    @property
    def others(self) -> list[Seen]:
        """Patients of other organizations."""
        return [one for one in self.rows if not one.own]

    @property
    def entries(self) -> int:
        """Entries shown, over all patients listed."""
        return sum(one.entries for one in self.rows)


def ranges_of(event: Event) -> Iterator[Range]:
    """What a line says was shown: read, delivered to an open page, previewed on home, or found."""
    detail = orjson.loads(event.detail)
    if event.entity.startswith("Group/"):
        group = UUID(event.entity.removeprefix("Group/"))
        for first, last in detail.get("read", ()):
            yield group, first, last
    for group_id, first, last in detail.get("heard", ()):
        yield UUID(group_id), first, last
    for group_id, seq in [*detail.get("previewed", ()), *detail.get("found", ())]:
        yield UUID(group_id), seq, seq


def page_of(event: Event) -> tuple[str, UUID, str] | None:
    """What page about a patient a line says was opened: Group or Patient, its id, the page."""
    page = orjson.loads(event.detail).get("opened")
    if not page:
        return None
    kind, _, thing = event.entity.partition("/")
    return kind, UUID(thing), str(page)


def file_of(event: Event) -> tuple[UUID, str] | None:
    """What photo or document a line says was opened for the first time: its group, and its id."""
    if event.action != "attachment.see":
        return None
    return UUID(orjson.loads(event.detail)["group"]), event.entity.removeprefix("Attachment/")


def exposed(account: UUID | None, since: datetime, until: datetime) -> set[UUID]:
    """The groups that were open to an account in a time, whatever it really opened."""
    return set(_memberships(account, since, until)) if account else set()


def _memberships(account: UUID, since: datetime, until: datetime) -> dict[UUID, int]:
    members = Member.objects.filter(account=account, joined_at__lt=until, group__isnull=False)
    members = members.filter(Q(ended_at=None) | Q(ended_at__gte=since))
    return dict(members.values_list("group", "group__last_seq"))


def _is_own(standing: Standing, account: UUID | None, device: UUID | None) -> bool:
    """Whether the person or device is of the asking administrator's organization."""
    own = standing.who.organization
    if device is not None:
        devices = Device.objects.filter(pk=device)
        return devices.filter(Q(organization=own) | Q(listings__organization=own)).exists()
    return PractitionerRole.objects.filter(account=account, organization=own).exists()


def _rows(standing: Standing, events: list[Event], reach: dict[UUID, int]) -> list[Seen]:
    """A row for each group, and for each patient in none whose record was opened."""
    pages = [(found, one) for one in events if (found := page_of(one))]
    opened = {thing for (kind, thing, _), _ in pages if kind == "Patient"}
    ranges = [(found, one) for one in events for found in ranges_of(one)]
    files = [(opened_file, one) for one in events if (opened_file := file_of(one))]
    wanted = {
        *reach,
        *(group for (group, _), _ in files),
        *(group for (group, _, _), _ in ranges),
        *(thing for (kind, thing, _), _ in pages if kind == "Group"),
    }
    groups = Group.objects.filter(Q(pk__in=wanted) | Q(patient__in=opened), patient__isnull=False)
    rows: dict[UUID, Seen] = {}
    for group in groups.select_related("patient", "organization").order_by("opened_at"):
        assert group.patient is not None and group.organization is not None
        rows[group.id] = _row(standing, group.patient, group.organization)
        rows[group.id].reach = reach.get(group.id, 0)
        if group.patient_id in opened:
            rows[group.patient_id] = rows[group.id]  # the last one; the record is not a group's
    alone = Patient.objects.filter(pk__in=opened - rows.keys()).select_related("organization")
    rows |= {one.id: _row(standing, one, one.organization) for one in alone}
    for (group_id, first, last), event in ranges:
        if group_id in rows:
            rows[group_id].shown.update(range(first, last + 1))
            _note(rows[group_id], event)
    for (_, thing, page), event in pages:
        if thing in rows:
            rows[thing].pages.add(page)
            _note(rows[thing], event)
    for (group_id, file), event in files:
        if group_id in rows:
            rows[group_id].files.add(file)
            _note(rows[group_id], event)
    distinct = {id(one): one for one in rows.values() if one.reach or one.first_at}
    return sorted(distinct.values(), key=lambda one: (not one.own, -one.entries, one.initials))


def _row(standing: Standing, patient: Patient, organization: Organization) -> Seen:
    own = organization.id == standing.who.organization
    identity = open_identity(patient.id, patient.key_id, patient.identity_sealed)
    return Seen(
        organization=organization.name,
        own=own,
        identity=identity if own else None,
        initials=initials(identity.name, identity.kana),
    )


def _note(row: Seen, event: Event) -> None:
    row.people.add(event.stream)
    row.first_at = min(row.first_at or event.at, event.at)
    row.last_at = max(row.last_at or event.at, event.at)


@disclosure("views.see", on="organization")
def _see(
    standing: Standing,
    account: UUID | None,
    device: UUID | None,
    since: datetime,
    until: datetime,
) -> tuple[Standing, SeenBy]:
    region = standing.who.region
    person = Account.objects.filter(pk=account, region=region).first() if account else None
    known = Device.objects.filter(pk=device, organization__region=region) if device else None
    tool = known.first() if known is not None else None
    if person is None and tool is None:
        raise Unknown("person")
    events = trail.between(
        to_us(since),
        to_us(until),
        streams=[f"account:{person.id.hex}"] if person else [],
        about=tool.id.hex if tool else "",
    )
    reach = _memberships(person.id, since, until) if person else {}
    rows = _rows(standing, events, reach)
    own = _is_own(standing, account, device)
    listed = [one for one in rows if own or one.own]
    name = open_profile(person.id, person.key_id, person.profile_sealed)["name"] if person else ""
    if not own and not listed:
        raise Unknown("person")  # they never came near a patient of this organization
    return standing, SeenBy(
        person=name,
        device=tool.number if tool and own else "",
        since=since,
        until=until,
        rows=listed,
        hidden=len(rows) - len(listed),
    )


def see_seen(
    actor: Actor,
    organization: UUID,
    *,
    account: UUID | None,
    device: UUID | None,
    since: datetime,
    until: datetime,
) -> SeenBy:
    """What an account, a device, or an account on a device was shown; recorded before it is shown.

    Raises:
        Unknown: nobody of that id who ever read of this organization's patients or works for it.
    """
    standing, found = _see(actor, organization, account, device, since, until)
    asked = f"Account/{account.hex}" if account else f"Device/{device.hex if device else ''}"
    with own_record(standing, "views.see", asked) as change:
        change.detail["patients"] = len(found.rows)
        change.detail["since"], change.detail["until"] = to_us(since), to_us(until)
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom or what one can ask about: one's own staff and devices, and who cares for one's own."""

    staff: list[tuple[UUID, str]]
    guests: list[tuple[UUID, str]]
    devices: list[tuple[UUID, str]]


@disclosure("views.see", on="organization")
def see_choice(standing: Standing) -> Choice:
    """Whom the administrator can ask about."""
    own = standing.who.organization
    staff = PractitionerRole.objects.filter(organization=own).values("account")
    guests = Member.objects.filter(group__organization=own).values("account")
    people = Account.objects.filter(Q(pk__in=staff) | Q(pk__in=guests))
    mine = set(PractitionerRole.objects.filter(organization=own).values_list("account", flat=True))
    names = [(open_profile(one.id, one.key_id, one.profile_sealed), one.id) for one in people]
    names.sort(key=lambda one: one[0]["kana"])
    devices = Device.objects.filter(organization=own).order_by("number")
    return Choice(
        staff=[(account, profile["name"]) for profile, account in names if account in mine],
        guests=[(account, profile["name"]) for profile, account in names if account not in mine],
        devices=[(one.id, one.number) for one in devices],
    )
