"""What the tests of reviews share: groups that are due, and decisions about everybody."""

from datetime import timedelta
from uuid import UUID

from renkei.group.models import Group
from renkei.kernel import clock
from renkei.people.models import PractitionerRole
from renkei.policy.standing import Actor
from renkei.review import accounts, members
from renkei.review.members import Decision
from tests.cast import Cast


def opened(cast: Cast, days: int, group: UUID | None = None) -> None:
    """The group was opened so many days ago."""
    at = clock.now() - timedelta(days=days)
    Group.objects.filter(pk=group or cast.group).update(opened_at=at)


def began(cast: Cast, days: int, name: str = "station") -> None:
    """The organization's people have worked there for so many days."""
    roles = PractitionerRole.objects.filter(organization=cast.organizations[name])
    roles.update(started_at=clock.now() - timedelta(days=days))


def decided(cast: Cast, by: Actor, **others: tuple[str, str]) -> dict[str, object]:
    """What is sent: keep everybody but those named, for whom it says what and why, or as what."""
    desk = members.see_desk(by, cast.group)
    named = {cast.members[name]: one for name, one in others.items()}
    decisions = []
    for seat in desk.seats:
        what, words = named.get(seat.member, ("keep", ""))
        decisions.append(Decision(seat.member, what, part=words, reason=words))
    return {"seen": desk.seen, "decisions": decisions}


def review(cast: Cast, name: str = "manager", **others: tuple[str, str]) -> int:
    """Go through the members of the group."""
    sent = decided(cast, cast[name], **others)
    return members.review_members(cast[name], cast.group, **sent)  # type: ignore[arg-type]


def marks_of(cast: Cast, name: str, by: str = "manager") -> list[str]:
    """What stands out about one of the members."""
    seats = members.see_desk(cast[by], cast.group).seats
    return next(
        [mark.word for mark in one.marks] for one in seats if one.member == cast.members[name]
    )


def review_staff(cast: Cast, by: str = "administrator_same", **others: str) -> int:
    """Go through the people of the organization."""
    place = cast.people[by].organization
    desk = accounts.see_desk(cast[by], place)
    named = {cast.role(name): what for name, what in others.items()}
    return accounts.review_accounts(
        cast[by], place, seen=desk.seen,
        decisions={one.role: named.get(one.role, "keep") for one in desk.places},
    )  # fmt: skip
