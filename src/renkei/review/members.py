"""A group's members, gone through by who manages it: one screen, one decision for each (N1.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.group.head import Head, head
from renkei.group.membership import (
    checked_reason,
    checked_role_in_care,
    end_membership,
    group_of,
    refuse_last_manager,
)
from renkei.group.models import Group, Member
from renkei.group.roster import about_colleague
from renkei.group.shell import Shell, shell
from renkei.kernel import vault
from renkei.kernel.database import id_of, row, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.review import due
from renkei.review.due import Due
from renkei.review.marks import (
    STATE,
    STATE_WIDTH,
    Mark,
    lasting,
    of_family,
    of_state,
    unopened,
    untrained,
)
from renkei.review.models import Review, Reviewed

KEEP, ROLE, RELEASE = "keep", "role", "release"
DECISIONS: Final = (KEEP, ROLE, RELEASE)


@dataclass(frozen=True, slots=True)
class Seat:
    """A member before whoever goes through them."""

    member: UUID
    face: Face
    part: str  # the role in the care
    manager: bool
    mine: bool
    marks: list[Mark]
    release: bool  # may be released by who asks


@dataclass(frozen=True, slots=True)
class Desk:
    """All that one decides about, and a word for what was seen."""

    group: UUID
    identity: Identity
    organization: str
    due: Due | None
    seats: list[Seat]  # those that stand out first, then by kana
    seen: str
    head: Head | None  # for those who read the group
    shell: Shell


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of one member: keep, another role in the care, or release."""

    member: UUID
    what: str  # of ``DECISIONS``
    part: str = ""
    reason: str = ""


_SEATS = f"""
    SELECT {COLUMNS}, m.id, m.role_in_care, m.manager, {STATE},
      (SELECT t.posted_at FROM communication_communication t
        WHERE t.group_id = m.group_id AND t.seq = m.read_seq + 1)
    FROM group_member m
    JOIN people_account a ON a.id = m.account_id
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE m.group_id = %s AND m.ended_at IS NULL"""
_WHOSE = """
    SELECT p.id, p.key_id, p.identity_sealed, o.name FROM group_group g
    JOIN patient_patient p ON p.id = g.patient_id
    JOIN people_organization o ON o.id = g.organization_id WHERE g.id = %s"""


def _seat(standing: Standing, found: tuple[Any, ...], lacking: set[UUID]) -> Seat:
    one, rest = face(found[:WIDTH]), found[WIDTH:]
    state, oldest = rest[3 : 3 + STATE_WIDTH], rest[3 + STATE_WIDTH]
    marks = of_state(state) if one.role else of_family(state[4])
    if one.role and one.account in lacking:
        marks.append(Mark("training"))
    marks += unopened(oldest)
    about = about_colleague(standing, one, in_office=not any(m.word == "left" for m in marks))
    return Seat(
        member=id_of(rest[0]),
        face=one,
        part=rest[1],
        manager=bool(rest[2]),
        mine=one.account == standing.who.account,
        marks=marks,
        release=may(about, "member.release"),
    )


def _seats(standing: Standing) -> list[Seat]:
    where, region = standing.where, standing.who.region
    assert where is not None and where.group is not None and region is not None
    found = rows(_SEATS, [where.group.hex])
    vault.warm(id_of(one[1]) for one in found)
    lacking = untrained(region, {id_of(one[0]) for one in found})
    seats = [_seat(standing, one, lacking) for one in found]
    return sorted(seats, key=lambda one: (not one.marks, one.face.kana, one.member))


def _seen(seats: Sequence[Seat]) -> str:
    """What a decision hangs on: who is in, as what, and what stands out for good."""
    facts = sorted(
        (one.member.hex, one.part, one.manager, sorted(lasting(one.marks))) for one in seats
    )
    return sha256(repr(facts).encode()).hexdigest()


@disclosure("group.review", on="group", opens="members")
def see_desk(standing: Standing) -> Desk:
    """The members with what stands out about them."""
    where = standing.where
    assert where is not None and where.group is not None
    found = row(_WHOSE, [where.group.hex])
    assert found is not None
    seats = _seats(standing)
    top = head(standing) if may(standing, "group.see") else None
    return Desk(
        group=where.group,
        identity=open_identity(id_of(found[0]), id_of(found[1]), found[2]),
        organization=found[3],
        due=due.of_group(where.group),
        seats=seats,
        seen=_seen(seats),
        head=top,
        shell=top.shell if top else shell(standing),
    )


@use_case("group.review", on="group")
def review_members(change: Change, *, seen: str, decisions: Sequence[Decision]) -> int:
    """Do what was decided about every member, all of it or nothing; the number of the review.

    Args:
        seen: what ``see_desk`` gave with the members that were decided about.

    Raises:
        Problem: the members have changed since, one is not decided about, a role in the care or a
            reason is missing, or the group would be left without a manager.
    """
    group = group_of(change)
    change.about("Group", group.id)
    seats = _seats(change.standing)
    wanted = {one.member: one for one in decisions}
    if _seen(seats) != seen:
        raise Problem(gettext_noop("The members have changed meanwhile. Please look again."))
    if set(wanted) != {one.member for one in seats}:
        raise Problem(gettext_noop("Please decide about everybody."))
    review = _begin(change, group.organization_id, group.id)
    lines = [_decide(change, group, review, one, wanted[one.member]) for one in seats]
    Reviewed.objects.bulk_create(lines)
    change.about("Group", group.id)
    change.detail.pop("account", None)
    change.detail |= {"review": review.id.hex, "number": review.number}
    change.detail |= {
        result: [one.member_id.hex for one in lines if one.member_id and one.result == result]
        for result in Reviewed.Result.values
        if any(one.result == result for one in lines)
    }
    return review.number


def _begin(change: Change, organization: UUID | None, group: UUID) -> Review:
    assert organization is not None
    asked, where = due.of_group(group), change.where
    made_as = where.member.role if where.member else change.standing.who.role
    assert made_as is not None
    review = Review(
        id=uuid7(),
        organization_id=organization,
        group_id=group,
        number=Review.objects.filter(group=group).count() + 1,
        due_at=asked.at if asked else change.now,
        made_at=change.now,
        made_by_id=change.account,
        made_as_id=made_as,
    )
    review.save(force_insert=True)
    return review


def _decide(
    change: Change, group: Group, review: Review, seat: Seat, decision: Decision
) -> Reviewed:
    """Do it, and say what was decided."""
    line = Reviewed(
        id=uuid7(),
        key_id=group.key_id,
        review=review,
        role_id=seat.face.role,
        member_id=seat.member,
        result=Reviewed.Result.KEPT,
        marks=[one.word for one in seat.marks],
    )
    said = {"part": seat.part}
    if decision.what == ROLE:
        part = _checked(checked_role_in_care, decision.part, f"part-{seat.member.hex}")
        if part != seat.part:
            Member.objects.filter(pk=seat.member).update(role_in_care=part)
            line.result = Reviewed.Result.CHANGED
            said = {"part": part, "before": seat.part}
    elif decision.what == RELEASE:
        if not seat.release:
            raise Problem(
                gettext_noop("Nobody releases themselves here: please leave the group instead."),
                field=f"reason-{seat.member.hex}",
            )
        reason = _checked(checked_reason, decision.reason, f"reason-{seat.member.hex}")
        member = Member.objects.select_for_update().get(pk=seat.member)
        refuse_last_manager(group, member, change.now)
        end_membership(change, group, member, reason=reason, released_by=change.account)
        line.result, said["reason"] = Reviewed.Result.RELEASED, reason
    elif decision.what != KEEP:
        raise Problem(gettext_noop("Please decide about everybody."))
    line.seal("said_sealed", said)
    return line


def _checked(check: Any, text: str, field: str) -> str:
    """What was typed for one member; what is wrong with it stands with that member."""
    try:
        return str(check(text))
    except Problem as problem:
        raise Problem(problem.message, field=field) from None
