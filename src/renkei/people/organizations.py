"""The organizations as the operator keeps them in sight, and what an organization says of itself.

The operator sees administrators by name, and everybody else as a number: whom an organization
employs is its own matter, and whom it cares for nobody's here.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.kernel import clock, vault
from renkei.kernel.damage import DAMAGE, word
from renkei.kernel.database import as_day, as_uuid, id_of, rows
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import fold_kana, is_kana, narrow, sort_key
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.people.models import Organization
from renkei.people.selectors import ADMINISTERS
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters
from renkei.region.models import Region

DOCUMENTS: Final = ("yes", "ask", "no")
STATES: Final = ("applied", "approved", "suspended", "left")


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who administers an organization, and when they were last here."""

    face: Face
    last_sign_in: datetime | None
    begun: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An organization in the operator's list."""

    id: UUID
    code: str
    name: str
    kana: str
    kind: str
    address: str
    phone: str
    state: str  # of ``STATES``
    applied_on: date | None
    pledged_on: date | None
    approved_on: date | None
    trained_on: date | None
    listed: bool
    documents: str  # of ``DOCUMENTS``
    people: int
    administrators: int
    last_sign_in: datetime | None  # of any of its administrators
    absent: bool  # none of them was here for as long as the policy says (A7)


_LINES: Final = f"""
    SELECT o.id, o.code, o.name, o.kana, o.kind, o.address, o.phone, o.suspended_at, o.applied_on,
      o.pledged_on, o.approved_on, o.trained_on, o.left_on, o.listed, o.documents_policy,
      COUNT(r.id), COUNT(CASE WHEN {ADMINISTERS.format(role="r", account="a")} THEN 1 END),
      MAX(CASE WHEN r.administrator AND r.restriction = '' THEN a.last_login END)
    FROM people_organization o
    LEFT JOIN people_practitionerrole r ON r.organization_id = o.id AND r.ended_at IS NULL
      AND (r.until IS NULL OR r.until > %s)
      AND EXISTS (SELECT 1 FROM people_account x
        WHERE x.id = r.account_id AND x.suspended_at IS NULL)
    LEFT JOIN people_account a ON a.id = r.account_id
    WHERE o.region_id = %s {{}} GROUP BY o.id"""


def _moment(value: datetime | str | None) -> datetime | None:
    """A moment that Django itself keeps: SQLite gives text without a zone, in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value


def _state(suspended: Any, approved: date | None, left: date | None) -> str:
    if left is not None:
        return "left"
    if suspended is not None:
        return "suspended"
    return "approved" if approved is not None else "applied"


def _line(found: tuple[Any, ...], absence: timedelta) -> Line:
    applied, pledged, approved, trained, left = map(as_day, found[8:13])
    seen = _moment(found[17])
    state = _state(found[7], approved, left)
    return Line(
        id=id_of(found[0]),
        code=found[1],
        name=found[2],
        kana=found[3],
        kind=found[4],
        address=found[5],
        phone=found[6],
        state=state,
        applied_on=applied,
        pledged_on=pledged,
        approved_on=approved,
        trained_on=trained,
        listed=bool(found[13]),
        documents=found[14],
        people=found[15],
        administrators=found[16],
        last_sign_in=seen,
        absent=state in ("applied", "approved") and (seen is None or seen < clock.now() - absence),
    )


def of_region(region: UUID) -> list[Line]:
    """All of a region's, by kana."""
    found = Region.objects.get(pk=region)
    absence = timedelta(days=parameters.of(found.edition)["administrator_absence_days"])
    now = clock.to_us(clock.now())
    ids = [now, now, region.hex]
    lines = [_line(one, absence) for one in rows(_LINES.format(""), ids)]
    return sorted(lines, key=lambda one: (sort_key(one.kana), one.id))


def _folded(text: str) -> str:
    return fold_kana(narrow(text)).lower().replace(" ", "").replace("-", "")


@disclosure("organizations.list", on="region")
def see_organizations(standing: Standing, *, words: str) -> tuple[list[Line], int]:
    """Those whose name, kana, kind, town or number holds the words; and how many there are."""
    assert standing.who.region is not None
    everyone, wanted = of_region(standing.who.region), _folded(words)
    found = [
        one
        for one in everyone
        if wanted in _folded(one.name + one.kana + one.kind + one.address + one.phone + one.code)
    ]
    return found, len(everyone)


@dataclass(frozen=True, slots=True)
class Place:
    """One organization: its facts, its administrators, and everybody else as a number."""

    line: Line
    head: str
    postal_code: str
    fax: str
    email: str
    administrators: list[Administrator]
    may_change: bool
    may_opt_out: bool  # the region lets an organization stay off the public list (A19.1)


_ADMINISTRATORS: Final = f"""
    SELECT {COLUMNS}, a.password_changed_at, a.last_login
    FROM people_practitionerrole r
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE o.id = %s AND {ADMINISTERS.format(role="r", account="a")}"""


def _of(standing: Standing) -> Organization:
    """The organization in question."""
    place = standing.what.target_organization
    assert place is not None
    return Organization.objects.select_related("region").get(pk=place)


@disclosure("organization.show", on="organization")
def see_place(standing: Standing) -> Place:
    """One organization, for the operator and for its own administrators."""
    organization = _of(standing)
    figures = parameters.of(organization.region.edition)
    absence = timedelta(days=figures["administrator_absence_days"])
    now = clock.to_us(clock.now())
    ids = [now, now, organization.region_id.hex, organization.id.hex]
    found = rows(_LINES.format("AND o.id = %s"), ids)
    return Place(
        line=_line(found[0], absence),
        head=_head(organization),
        postal_code=organization.postal_code,
        fax=organization.fax,
        email=organization.email,
        administrators=_administrators(organization.id),
        may_change=may(standing, "organization.change"),
        may_opt_out=figures["public_list_opt_out"],
    )


def _head(organization: Organization) -> str:
    try:
        return str(organization.unseal("head"))
    except DAMAGE as damage:
        return word(damage)


def _administrators(organization: UUID) -> list[Administrator]:
    found = rows(_ADMINISTRATORS, [organization.hex, clock.to_us(clock.now())])
    vault.warm(as_uuid(one[1]) for one in found)
    return sorted(
        (
            Administrator(
                face(one[:WIDTH]),
                _moment(one[WIDTH + 1]),
                one[WIDTH] is not None,
            )
            for one in found
        ),
        key=lambda one: (sort_key(one.face.kana), one.face.account),
    )


@disclosure("organization.change", on="organization")
def before_changing(standing: Standing) -> None:
    """Nothing is shown; but the rule has been asked before the form is."""


FACTS: Final = ("name", "kana", "postal_code", "address", "phone", "fax", "email")


@use_case("organization.change", on="organization")
def change_facts(
    change: Change, /, *, head: str, documents: str, listed: bool, **facts: str
) -> list[str]:
    """Change what an organization says of itself; the public page follows at once.

    Returns:
        The names of what has changed; the trail keeps them, and not the words.

    Raises:
        Problem: a name or the like is missing, the reading is none, or the region lets nobody stay
            off the public list.
    """
    organization = _of(change.standing)
    change.stream = f"organization:{organization.id.hex}"
    change.entity = f"Organization/{organization.id.hex}"
    for name in ("name", "kana", "address", "phone"):
        if not facts[name]:
            raise Problem(gettext_noop("Please write this."), field=name)
    if not is_kana(facts["kana"]):
        raise Problem(gettext_noop("Please write the reading in hiragana."), field="kana")
    if not head:
        raise Problem(gettext_noop("Please write this."), field="head")
    if documents not in DOCUMENTS:
        raise Problem(gettext_noop("Please choose one."), field="documents")
    opt_out = parameters.of(organization.region.edition)["public_list_opt_out"]
    if not listed and organization.listed and not opt_out:
        raise Problem(
            gettext_noop("In this region every organization stands on the public list."),
            field="listed",
        )
    changed = [name for name in FACTS if getattr(organization, name) != facts[name]]
    for name in changed:
        setattr(organization, name, facts[name])
    if _head(organization) != head:
        organization.seal("head", head)
        changed.append("head")
    if (organization.documents_policy, organization.listed) != (documents, listed):
        changed.append("settings")
    organization.documents_policy, organization.listed = documents, listed
    change.silent = not changed
    organization.save(update_fields=[*FACTS, "head", "documents_policy", "listed"])
    change.about(
        "Organization", organization.id, changed=changed, listed=listed, documents=documents
    )
    return changed
