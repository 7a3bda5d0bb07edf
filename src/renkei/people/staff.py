"""The staff page: an organization's own people and the state of their IDs (A8.3)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from renkei.kernel import clock, vault
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.kernel.japanese import is_role_address, sort_key
from renkei.notification.models import Preference
from renkei.people.changes import ChangeLine, changes_to_note
from renkei.people.faces import COLUMNS, WIDTH, Face, face, open_profile
from renkei.people.factors import PRIMARY
from renkei.people.models import (
    CardCode,
    OneTimeLink,
    OperatorRole,
    Organization,
    PractitionerRole,
    Registration,
)
from renkei.people.passwords import Profile, least_of, profile_of
from renkei.people.selectors import administrators
from renkei.policy.rules import may
from renkei.policy.standing import Colleague, Standing, What
from renkei.policy.use_case import disclosure
from renkei.region import parameters
from renkei.region.models import Region


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One person's work for an organization, and how they sign in. Never how much they read."""

    role: UUID
    face: Face
    email: str
    administrator: bool
    restriction: str
    suspended: bool
    begun: bool  # has a password of their own
    last_sign_in: datetime | None
    factor: bool
    card: bool
    link_until: datetime | None  # a one-time link waits to be used
    link_over: bool  # the last one has run out unused
    pledged_on: date | None  # form 3 (A9)
    trained_on: date | None
    devices: int  # in use, of this organization
    until: datetime | None  # the end set ahead
    ended: bool  # the end has come; its formalities have not been seen to
    desk: bool  # the address looks like a desk's and not a person's
    returned: bool  # mail to it came back
    may_give: bool


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """The way that the region has chosen, for those who run it (A14.3)."""

    profile: Profile
    least: int
    most_days: int
    history: int
    second_factor: str  # nobody · administrators · everybody


def _roles() -> QuerySet[PractitionerRole]:
    """Roles that have not ended, with what the page shows of the account."""
    mine: dict[str, Any] = {"account": OuterRef("account")}
    others = PractitionerRole.objects.filter(**mine, ended_at=None)
    # not the notes that another organization gives somebody whom it has registered
    links = OneTimeLink.objects.filter(**mine, used_at=None, ended_at=None).exclude(
        purpose=OneTimeLink.Purpose.CONFIRM
    )
    return PractitionerRole.objects.filter(ended_at=None).select_related(
        "account", "organization"
    ).annotate(
        factor=Exists(
            Authenticator.objects.filter(user=OuterRef("account"), type__in=PRIMARY)
        ),
        card=Exists(CardCode.objects.filter(**mine, used_at=None)),
        link_until=Subquery(links.filter(until__gt=clock.now()).values("until")[:1]),
        link_over=Exists(links.filter(until__lte=clock.now())),
        devices=Count(
            "account__devices",
            filter=Q(
                account__devices__organization=F("organization"),
                account__devices__state__in=("in_use", "lent"),
            ),
            distinct=True,
        ),
        returned=Exists(Preference.objects.filter(**mine, returned_at__isnull=False)),
        administers=Exists(others.filter(administrator=True)),
        elsewhere=Exists(others.exclude(organization=OuterRef("organization")))
        | Exists(
            Registration.objects.filter(
                **mine,
                answer="",
                made_by__in=OperatorRole.objects.filter(ended_at=None).values("account"),
            ).exclude(organization=OuterRef("organization"))
        ),
        operates=Exists(OperatorRole.objects.filter(**mine, ended_at=None)),
    )  # fmt: skip


def face_of(role: PractitionerRole) -> Face:
    """A colleague as everybody sees them, of a role that is loaded with account and place."""
    account, place = role.account, role.organization
    photo = clock.to_us(account.photo_changed_at) if account.photo_changed_at else 0
    who = (account.id, account.key_id, account.profile_sealed, photo)
    return face((*who, role.id, role.profession, place.id, place.name))


def _line(standing: Standing, found: Any) -> StaffLine:
    account, place = found.account, found.organization
    in_office = (
        account.suspended_at is None
        and place.suspended_at is None
        and place.left_on is None
        and (found.until is None or found.until > clock.now())
    )
    colleague = Colleague(
        account=account.id,
        role=found.id,
        organization=place.id,
        in_office=in_office and found.restriction not in PractitionerRole.STOPPED,
        administrators=0,  # not asked here
        administrator=found.administrator,
        profession=found.profession,
        responsible=found.administers or found.operates,
        elsewhere=found.elsewhere or found.operates,
    )
    asked = Standing(standing.who, what=What(colleague=colleague))
    return StaffLine(
        role=found.id,
        face=face_of(found),
        email=account.email,
        administrator=found.administrator,
        restriction=found.restriction,
        suspended=account.suspended_at is not None,
        begun=account.has_usable_password(),
        last_sign_in=account.last_login,
        factor=found.factor,
        card=found.card,
        link_until=found.link_until,
        link_over=found.link_over and found.link_until is None,
        pledged_on=found.pledged_on,
        trained_on=found.trained_on,
        devices=found.devices,
        until=found.until,
        ended=found.until is not None and found.until <= clock.now(),
        desk=is_role_address(account.email),
        returned=found.returned,
        may_give=may(asked, "access.give"),
    )


def _lines(standing: Standing, roles: QuerySet[PractitionerRole]) -> list[StaffLine]:
    found = list(roles)
    vault.warm(one.account.key_id for one in found)
    lines = [_line(standing, one) for one in found]
    return sorted(lines, key=lambda one: (sort_key(one.face.kana), one.role))


@disclosure("staff.see", on="organization")
def see_staff(standing: Standing) -> list[StaffLine]:
    """Everybody who works for one's organization or is asked whether they do, by kana."""
    place = _place(standing)
    lines = [*staff_of(standing, place), *_asked(place)]
    return sorted(lines, key=lambda one: (sort_key(one.face.kana), one.role))


def staff_of(standing: Standing, place: Organization) -> list[StaffLine]:
    """Everybody who works there, by kana; for pages whose own rule has been asked already."""
    return _lines(standing, _roles().filter(organization=place))


def _place(standing: Standing) -> Organization:
    assert standing.what.target_organization is not None
    return Organization.objects.get(pk=standing.what.target_organization)


def _asked(place: Organization, **only: UUID) -> list[StaffLine]:
    """Who was registered and has an account: shown as the organization wrote them, and as new."""
    notes = OneTimeLink.objects.filter(
        account=OuterRef("account"),
        purpose=OneTimeLink.Purpose.CONFIRM,
        made_by__roles__organization=place,
        used_at=None,
        ended_at=None,
    )
    waiting = Registration.objects.filter(organization=place, answer="", **only).select_related(
        "account"
    )
    found = list(
        waiting.annotate(
            link_until=Subquery(
                notes.filter(until__gt=clock.now()).order_by("-until").values("until")[:1]
            ),
            link_over=Exists(notes.filter(until__lte=clock.now())),
        )
    )
    vault.warm(one.key_id for one in found)
    return [_asked_line(place, one) for one in found]


def _asked_line(place: Organization, one: Any) -> StaffLine:
    said = one.unseal("said_sealed")
    shown = Face(one.id, None, said["name"], said["kana"], one.profession, place.name, place.id, 0)
    return StaffLine(
        role=one.id,
        face=shown,
        email=one.account.email,
        administrator=one.administrator,
        restriction="",
        suspended=False,
        begun=False,
        last_sign_in=None,
        factor=False,
        card=False,
        link_until=one.link_until,
        link_over=one.link_over and one.link_until is None,
        pledged_on=one.pledged_on,
        trained_on=one.trained_on,
        devices=0,
        until=None,
        ended=False,
        desk=is_role_address(one.account.email),
        returned=False,
        may_give=not one.administrator,
    )


@disclosure("staff.see", on="organization")
def see_asked(standing: Standing, *, registration: UUID) -> StaffLine | None:
    """Somebody who was registered and has not answered yet; None if there is no such person."""
    place = _place(standing)
    return next(iter(_asked(place, pk=registration)), None)


@disclosure("staff.see_one", on="staff")
def see_colleague(standing: Standing) -> StaffLine | None:
    """One of one's own staff; None if they do not work here any more."""
    assert standing.what.colleague is not None
    found = _roles().filter(pk=standing.what.colleague.role).first()
    return _line(standing, found) if found else None


@disclosure("administrators.see", on="region")
def see_administrators(standing: Standing) -> tuple[list[StaffLine], SignInPolicy]:
    """The administrators of all organizations, and who works for several; and the region's way."""
    assert standing.who.region is not None
    region = Region.objects.get(pk=standing.who.region)
    figures = parameters.of(region.edition)
    chosen = SignInPolicy(
        profile=profile_of(figures),
        least=least_of(figures),
        most_days=figures["password_max_age_days"],
        history=figures["password_history"],
        second_factor=figures["second_factor"],
    )
    everybody = _roles().filter(organization__region=region)
    lines = [
        *_lines(standing, everybody.filter(administrator=True)),
        *(one for one in _lines(standing, everybody.filter(administrator=False)) if one.may_give),
    ]
    return lines, chosen


@dataclass(frozen=True, slots=True)
class Absent:
    """An organization none of whose administrators has logged in for long (A7)."""

    organization: UUID
    name: str
    phone: str
    last_sign_in: datetime | None
    nobody: bool  # it has no administrator in office at all


@disclosure("administrators.see", on="region")
def see_told(standing: Standing) -> tuple[list[ChangeLine], list[Absent]]:
    """What the operator is told of administrators: changes, and who has been away for long (A7)."""
    assert standing.who.region is not None
    region = Region.objects.get(pk=standing.who.region)
    return changes_to_note(standing), _absent(region)


def _absent(region: Region) -> list[Absent]:
    days = parameters.of(region.edition)["administrator_absence_days"]
    since = clock.now() - timedelta(days=days)
    inside = administrators(clock.now()).filter(organization=OuterRef("pk"), restriction="")
    last = inside.order_by(F("account__last_login").desc(nulls_last=True))
    places = (
        Organization.objects.filter(region=region, suspended_at=None, left_on=None)
        .annotate(last=Subquery(last.values("account__last_login")[:1]), some=Exists(inside))
        .filter(Q(last=None) | Q(last__lt=since))
        .order_by("kana")
    )
    return [Absent(one.id, one.name, one.phone, one.last, not one.some) for one in places]


@disclosure("access.give", on="staff")
def see_one(standing: Standing) -> StaffLine:
    """One of those to whom one may give access."""
    assert standing.what.colleague is not None
    return _line(standing, _roles().get(pk=standing.what.colleague.role))


# ── What the organization's other administrators are told ────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ResetNotice:
    """Somebody's access was made anew, by somebody else."""

    link: UUID
    who: Face
    by: str
    at: datetime


_RESETS = f"""
    SELECT {COLUMNS}, l.id, l.made_at, b.id, b.key_id, b.profile_sealed
    FROM people_onetimelink l
    JOIN people_account a ON a.id = l.account_id
    JOIN people_practitionerrole r ON r.account_id = a.id AND r.ended_at IS NULL
    JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN people_account b ON b.id = l.made_by_id
    WHERE l.purpose = 'reset' AND o.id = %s AND a.id <> %s AND (b.id IS NULL OR b.id <> %s)
      AND NOT EXISTS (SELECT 1 FROM people_onetimelink_seen_by x
        WHERE x.onetimelink_id = l.id AND x.account_id = %s)
    ORDER BY l.made_at LIMIT 5"""


def resets_to_note(standing: Standing) -> list[ResetNotice]:
    """Resets in one's organization that one did not make and has not taken note of.

    For pages whose own rule has been asked already; only for administrators.
    """
    who = standing.who
    if not who.administrator or who.organization is None or who.account is None:
        return []
    me = who.account.hex
    return [_notice(found) for found in rows(_RESETS, [who.organization.hex, me, me, me])]


def _notice(found: tuple[Any, ...]) -> ResetNotice:
    link, at, maker, key, profile = found[WIDTH:]
    by, key_id = as_uuid(maker), as_uuid(key)
    name = open_profile(by, key_id, profile)["name"] if by and key_id else ""
    return ResetNotice(id_of(link), face(found[:WIDTH]), name, clock.from_us(at))
