"""What was reviewed before: the list, and one review in full for its certificate (N1.2)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from renkei.group.models import Group
from renkei.kernel import vault
from renkei.kernel.damage import DAMAGE, word
from renkei.kernel.errors import Unknown
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity
from renkei.people.faces import Face, name_of
from renkei.people.staff import face_of
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.review import due
from renkei.review.due import Due
from renkei.review.models import Review, Reviewed


@dataclass(frozen=True, slots=True)
class Past:
    """One review in a list."""

    number: int
    made_at: datetime
    by: str
    people: int
    changed: int  # about how many something else was decided than to keep them


@dataclass(frozen=True, slots=True)
class Reviews:
    """When the next one is due, and those before it, the newest first."""

    due: Due | None
    past: list[Past]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one person."""

    face: Face
    result: str  # of ``Reviewed.Result``
    marks: list[str]
    part: str  # the role in the care from then on
    before: str  # and before, if that was another
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """One review in full."""

    number: int
    organization: str
    patient: Identity | None  # None for accounts
    family: bool  # it is the group with the family
    due_at: datetime
    made_at: datetime
    by: Face
    lines: list[Verdict]


def past(**of: UUID | None) -> list[Past]:
    """The reviews of a group or of an organization's people, the newest first."""
    found = Review.objects.filter(**of).select_related("made_by").prefetch_related("lines")
    listed = list(found.order_by("-number"))
    vault.warm(one.made_by.key_id for one in listed)
    return [_past(one) for one in listed]


def _past(one: Review) -> Past:
    results = [line.result for line in one.lines.all()]
    others = sum(result != Reviewed.Result.KEPT for result in results)
    return Past(one.number, one.made_at, name_of(one.made_by), len(results), others)


def _said(line: Reviewed) -> dict[str, str]:
    """The sealed part; a word in its place where it does not open."""
    try:
        return line.unseal("said_sealed") or {}
    except DAMAGE as found:
        return {"part": word(found)}


def _face(line: Reviewed) -> Face:
    """Whom it is about: in a role, or as one of the family."""
    if line.role is not None:
        return face_of(line.role)
    assert line.member is not None
    one = line.member.account
    return Face(one.id, None, name_of(one), "", "", "", None, 0)


def _verdict(line: Reviewed) -> Verdict:
    said = _said(line)
    return Verdict(
        face=_face(line),
        result=line.result,
        marks=list(line.marks),
        part=said.get("part", ""),
        before=said.get("before", ""),
        reason=said.get("reason", ""),
    )


def _record(review: Review | None) -> Record:
    if review is None:
        raise Unknown("review")
    lines = list(
        review.lines.select_related("role__account", "role__organization", "member__account")
    )
    vault.warm(one.role.account.key_id for one in lines if one.role)
    group = review.group
    whose = group.patient if group else None
    return Record(
        number=review.number,
        organization=review.organization.name,
        patient=open_identity(whose.id, whose.key_id, whose.identity_sealed) if whose else None,
        family=group is not None and group.kind == Group.Kind.FAMILY,
        due_at=review.due_at,
        made_at=review.made_at,
        by=face_of(review.made_as),
        lines=sorted((_verdict(one) for one in lines), key=lambda one: one.face.kana),
    )


_FULL = Review.objects.select_related(
    "organization", "group__patient", "made_as__account", "made_as__organization"
)


@disclosure("group.manage", on="group", opens="members")
def see_reviews(standing: Standing) -> Reviews:
    """The reviews of a group, for those who manage it."""
    where = standing.where
    assert where is not None and where.group is not None
    return Reviews(due.of_group(where.group), past(group=where.group))


@disclosure("group.manage", on="group", opens="members")
def see_review(standing: Standing, *, number: int) -> Record:
    """One of them in full.

    Raises:
        Unknown: there is none of this number.
    """
    where = standing.where
    assert where is not None and where.group is not None
    return _record(_FULL.filter(group=where.group, number=number).first())


@disclosure("staff.review", on="organization")
def see_account_review(standing: Standing, *, number: int) -> Record:
    """One review of one's own people in full.

    Raises:
        Unknown: there is none of this number.
    """
    place = standing.what.target_organization
    return _record(_FULL.filter(organization=place, group=None, number=number).first())
