"""What administrators and operator are shown before and after they stop somebody (N2.2)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from renkei.group.about import name_for, open_about
from renkei.group.models import Group, Member
from renkei.incident.models import Stop
from renkei.kernel import clock
from renkei.kernel.database import id_of, rows
from renkei.kernel.errors import Unknown
from renkei.kernel.japanese import initials
from renkei.patient.identity import open_identity
from renkei.people.faces import name_of
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.people.selectors import IN_OFFICE
from renkei.policy.rules import may
from renkei.policy.standing import Standing, What, Who
from renkei.policy.use_case import disclosure
from renkei.policy.who import STOPPED


@dataclass(frozen=True, slots=True)
class Orphan:
    """A group that nobody manages, or would manage: by initials, by name before its own."""

    group: UUID
    name: str
    organization: str
    own: bool


@dataclass(frozen=True, slots=True)
class StopLine:
    """What was decided about somebody: why, by whom, and whether it was lifted."""

    word: str
    at: datetime
    by: str
    reason: str
    lifted_at: datetime | None
    lifting: str


@dataclass(frozen=True, slots=True)
class Restricting:
    """One of one's own staff, and what stopping them would leave behind."""

    role: UUID
    name: str
    profession: str
    administrator: bool
    restriction: str
    orphans: list[Orphan]
    history: list[StopLine]


def _managed_by_others(role: UUID) -> Exists:
    """Whether another manager in office is left than the person in this role."""
    managers = Member.objects.filter(
        group=OuterRef("pk"), manager=True, ended_at=None, role__ended_at=None,
        role__organization__suspended_at=None, role__organization__left_on=None,
        account__suspended_at=None,
    ).exclude(role__restriction__in=STOPPED)  # fmt: skip
    return Exists(managers.exclude(role=role))


def _orphans(who: Who, groups: list[Group]) -> list[Orphan]:
    lines = []
    for one in groups:
        assert one.organization is not None  # network and direct groups have no manager
        own = one.organization_id == who.organization
        name = ""
        if one.patient is not None:
            found = one.patient
            identity = open_identity(found.id, found.key_id, found.identity_sealed)
            sees = own and may(
                Standing(who, what=What(target_organization=who.organization)), "views.see"
            )
            name = identity.name if sees else initials(identity.name, identity.kana)
        elif one.kind == Group.Kind.FREE:
            name = name_for(one, who.account)
        lines.append(Orphan(one.id, name, one.organization.name, own))
    return lines


def left_without(who: Who, role: UUID) -> list[Orphan]:
    """The open groups that nobody else manages than the person in this role."""
    groups = Group.objects.filter(
        closed_at=None, members__role=role, members__manager=True, members__ended_at=None
    ).exclude(_managed_by_others(role))
    return _orphans(who, list(groups.select_related("patient", "organization").distinct()))


_UNMANAGED = f"""
    SELECT g.id, g.kind, g.key_id, g.about_sealed FROM group_group g
    WHERE g.organization_id = %s AND g.closed_at IS NULL AND g.archived_at IS NULL
      AND NOT EXISTS (
      SELECT 1 FROM group_member m
      JOIN people_practitionerrole r ON r.id = m.role_id
      JOIN people_organization o ON o.id = r.organization_id
      JOIN people_account a ON a.id = m.account_id
      WHERE m.group_id = g.id AND m.manager AND m.ended_at IS NULL
        AND {IN_OFFICE.format(role="r")}
        AND o.suspended_at IS NULL AND o.left_on IS NULL AND a.suspended_at IS NULL)"""


def unmanaged(who: Who) -> tuple[int, list[tuple[UUID, str]]]:
    """The open groups of the administrator's organization that nobody manages at the moment.

    Returns:
        How many with patients; of the free ones founded there each with its name (A5.1).
    """
    if not who.administrator or who.organization is None:
        return 0, []
    found = rows(_UNMANAGED, [who.organization.hex, clock.to_us(clock.now())])
    free = [
        (id_of(group), open_about(id_of(group), id_of(key), sealed).name)
        for group, kind, key, sealed in found
        if kind == Group.Kind.FREE
    ]
    return len(found) - len(free), free


def _history(**subject: UUID) -> list[StopLine]:
    stops = list(Stop.objects.filter(**subject).select_related("by").order_by("-at"))
    return [
        StopLine(
            word=one.word,
            at=one.at,
            by=name_of(one.by),
            reason=str(one.unseal("reason_sealed")),
            lifted_at=one.lifted_at,
            lifting=one.unseal("lifting_sealed") or "",
        )
        for one in stops
    ]


@disclosure("staff.restrict", on="staff")
def see_restricting(standing: Standing) -> Restricting:
    """Before and after: whom one stops, which groups nobody else manages, what was before."""
    colleague = standing.what.colleague
    assert colleague is not None
    role = PractitionerRole.objects.select_related("account").get(pk=colleague.role)
    return Restricting(
        role=role.id,
        name=name_of(role.account),
        profession=role.profession,
        administrator=role.administrator,
        restriction=role.restriction,
        orphans=left_without(standing.who, role.id),
        history=_history(role=role.id),
    )


@dataclass(frozen=True, slots=True)
class Suspending:
    """A person or an organization before the operator."""

    id: UUID
    name: str
    sub: str
    suspended_at: datetime | None
    history: list[StopLine]
    orphans: int  # open groups that nobody else manages


@disclosure("person.suspend", on="person")
def see_suspending(standing: Standing) -> Suspending:
    """The person whom the operator is about to stop, or has stopped."""
    account = Account.objects.get(pk=standing.what.person or UUID(int=0))
    roles = account.roles.filter(ended_at=None).select_related("organization")
    return Suspending(
        id=account.id,
        name=name_of(account),
        sub="、".join(f"{one.organization.name} {one.profession}" for one in roles),
        suspended_at=account.suspended_at,
        history=_history(account=account.id),
        orphans=sum(len(left_without(standing.who, one.id)) for one in roles),
    )


@disclosure("organization.suspend", on="organization")
def see_suspending_organization(standing: Standing) -> Suspending:
    """The organization that the operator is about to stop, or has stopped."""
    found = Organization.objects.get(pk=standing.what.target_organization or UUID(int=0))
    others = Member.objects.filter(
        group=OuterRef("pk"), manager=True, ended_at=None, role__ended_at=None
    ).exclude(role__organization=found)
    orphans = Group.objects.filter(
        closed_at=None,
        members__role__organization=found,
        members__manager=True,
        members__ended_at=None,
    ).exclude(Exists(others))
    return Suspending(
        id=found.id,
        name=found.name,
        sub=found.kind,
        suspended_at=found.suspended_at,
        history=_history(organization=found.id),
        orphans=orphans.distinct().count(),
    )


@dataclass(frozen=True, slots=True)
class Stops:
    """What the operator has stopped, and what it can stop."""

    organizations: list[tuple[UUID, str, str, bool]]  # id, name, kind, stopped
    people: list[tuple[UUID, str, str]]  # stopped: id, name, where they work
    found: list[tuple[UUID, str, str]]  # by the words searched for


def _people(accounts: list[Account]) -> list[tuple[UUID, str, str]]:
    lines = []
    for one in accounts:
        roles = one.roles.filter(ended_at=None).select_related("organization")
        lines.append((one.id, name_of(one), "、".join(role.organization.name for role in roles)))
    return lines


@disclosure("stops.see", on="region")
def see_stops(standing: Standing, words: str = "") -> Stops:
    """Organizations, people who are stopped, and people found by their e-mail address."""
    region = standing.who.region
    organizations = Organization.objects.filter(region=region).order_by("kana")
    accounts = Account.objects.filter(region=region)
    words = words.strip().lower()
    return Stops(
        organizations=[
            (one.id, one.name, one.kind, one.suspended_at is not None) for one in organizations
        ],
        people=_people(list(accounts.exclude(suspended_at=None))),
        found=_people(list(accounts.filter(email=words))) if words else [],
    )


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a person is told who comes and may not, or may only read."""

    word: str
    organization: str
    phone: str


def own_stop(who: Who) -> Stopped | None:
    """What keeps the person from working for the organization they chose; None if nothing."""
    if who.role is None or (who.organization is not None and not who.read_only):
        return None
    role = PractitionerRole.objects.select_related("organization").filter(pk=who.role).first()
    if role is None:
        raise Unknown("role")
    own = role.organization
    word = "organization" if own.suspended_at or own.left_on else role.restriction
    return Stopped(word, own.name, own.phone)
