"""The steps that use cases of a group share: joining, ending, and saying so in the timeline."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from renkei.communication import log
from renkei.communication.answers import refuse_named
from renkei.communication.models import Draft
from renkei.group.models import Group, Invitation, JoinRequest, Member
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.people.faces import name_of
from renkei.people.models import PractitionerRole
from renkei.policy.standing import Colleague, Standing, What
from renkei.policy.use_case import Change
from renkei.policy.who import STOPPED
from renkei.region import parameters
from renkei.region.edition import edition_of

REASON_LENGTH = 200  # characters
ROLE_IN_CARE_LENGTH = 50


def checked_role_in_care(text: str) -> str:
    """The person's part in the care, which everyone in the group sees (A11.4)."""
    cleaned = " ".join(clean_text(text).split())
    if not cleaned or len(cleaned) > ROLE_IN_CARE_LENGTH:
        raise Problem(
            gettext_noop("Please write their role in the care, in up to 50 characters."),
            field="role_in_care",
        )
    return cleaned


def checked_reason(text: str) -> str:
    """Why somebody leaves, declines or the like; it has to be given."""
    cleaned = clean_text(text).strip()[:REASON_LENGTH]
    if not cleaned:
        raise Problem(gettext_noop("Please give a reason."), field="reason")
    return cleaned


def group_of(change: Change) -> Group:
    """The group it happens in, locked."""
    return Group.objects.select_for_update().get(pk=change.group)


def say(
    change: Change,
    group: Group,
    event: str,
    *,
    subject: PractitionerRole | None,
    text: str = "",
    sender: UUID | None = None,
) -> None:
    """Let an event stand in the group's timeline.

    Raises:
        Problem: a free group, and a patient can be told from the words (A12.2).
    """
    refuse_named(change, group.kind, reason=text)
    entry = log.append(
        group=group.id,
        key=group.key_id,
        last_seq=group.last_seq,
        sender=sender or change.account,
        role=None,
        subject=subject.id if subject else None,
        text=text,
        sent_us=change.now_us,
        posted_us=change.now_us,
        event=event,
    )
    assert entry is not None
    group.last_seq = entry.seq
    change.detail.setdefault("entries", []).append(entry.line)
    change.tell("log", group.id, entry.seq)


def join(
    change: Change,
    group: Group,
    role: PractitionerRole,
    *,
    role_in_care: str,
    manager: bool,
    origin: str,
    appointed_by: UUID | None,
) -> Member:
    """Let somebody take part from now on; what was said before counts as read."""
    member = Member(
        id=uuid7(),
        key_id=group.key_id,
        group=group,
        account_id=role.account_id,
        role=role,
        role_in_care=role_in_care,
        manager=manager,
        appointed_by_id=appointed_by if manager else None,
        appointed_at=change.now if manager else None,
        origin=origin,
        joined_at=change.now,
        read_seq=group.last_seq,
    )
    member.save(force_insert=True)
    change.end_standings(group=group.id, account=role.account_id)
    return member


def refuse_last_manager(group: Group, member: Member, now: datetime) -> None:
    """A group is never without a manager in office while others are in it and it is not ended.

    Raises:
        Problem: the member is its last one.
    """
    if not member.manager or group.closed_at is not None:
        return
    others = group.members.filter(ended_at=None).exclude(pk=member.pk)
    if others.exists() and not in_charge(others, now).exists():
        raise Problem(gettext_noop("This is the last manager of the group."))


def in_charge(members: QuerySet[Member], now: datetime) -> QuerySet[Member]:
    """Those of these members who manage the group and are in office."""
    return in_office(members, now).filter(manager=True)


def in_office(members: QuerySet[Member], now: datetime) -> QuerySet[Member]:
    """Those of these members who work, and neither they nor their organization is stopped."""
    return members.filter(
        Q(role__until=None) | Q(role__until__gt=now),
        role__ended_at=None,
        role__organization__suspended_at=None,
        role__organization__left_on=None,
        account__suspended_at=None,
    ).exclude(role__restriction__in=STOPPED)


def finish(change: Change, group: Group, text: str) -> None:
    """End a group: it stays readable to its members, and nobody writes or joins (A5.1)."""
    say(change, group, "closed", subject=None, text=text)
    group.closed_at, group.listing = change.now, Group.Listing.NONE
    group.save(update_fields=["closed_at", "listing"])
    group.invitations.filter(state="open").update(
        state=Invitation.State.TAKEN_BACK, closed_at=change.now
    )
    group.join_requests.filter(state="open").update(
        state=JoinRequest.State.TAKEN_BACK, answered_at=change.now
    )
    change.end_standings(group=group.id)


def about_member(standing: Standing, member: Member, now: datetime) -> Standing | None:
    """The standing to a member, as the rules judge it; of one loaded with role, account, place.

    None to patient and relatives, who are nobody's colleagues.
    """
    role, account = member.role, member.account
    if role is None:
        return None
    place = role.organization
    works = role.ended_at is None and (role.until is None or role.until > now)
    stopped = (account.suspended_at, place.suspended_at, place.left_on) != (None, None, None)
    colleague = Colleague(
        account=account.id,
        role=role.id,
        organization=place.id,
        in_office=works and not stopped and role.restriction not in STOPPED,
        administrators=0,  # decides about approvals alone
        administrator=role.administrator,
        profession=role.profession,
    )
    return replace(standing, what=What(colleague=colleague))


def put_in_charge(change: Change, group: Group, member: Member) -> None:
    """Let a member manage the group; on record and in the timeline (A11.2)."""
    member.manager, member.appointed_by_id, member.appointed_at = True, change.account, change.now
    member.save(update_fields=["manager", "appointed_by", "appointed_at"])
    say(change, group, "appointed", subject=member.role)
    change.end_standings(group=group.id, account=member.account_id)


def end_membership(
    change: Change, group: Group, member: Member, *, reason: str, released_by: UUID | None
) -> None:
    """End somebody's part in the group, by themselves if nobody released them; in the timeline.

    Of a free group the reason names no patient. What they were writing there goes with it.
    Invitations they sent stay as they are: the group asked, and whoever manages it now can take
    them back.
    """
    refuse_named(change, group.kind, reason=reason)
    # never before the joining, even if the clock was set back since: leaving must not wait for it
    member.ended_at, member.released_by_id = max(change.now, member.joined_at), released_by
    member.seal("end_reason", reason)
    member.save(update_fields=["ended_at", "released_by", "end_reason"])
    Draft.objects.filter(group=group, account=member.account_id).delete()
    change.about("Member", member.id, account=member.account_id.hex)
    say(
        change,
        group,
        "released" if released_by else "left",
        subject=member.role,
        text="" if member.role else name_of(member.account),
        sender=released_by or member.account_id,
    )
    change.end_standings(group=group.id, account=member.account_id)


def ask_in(
    change: Change, group: Group, role: PractitionerRole, *, role_in_care: str, manager: bool
) -> Invitation:
    """Let an invitation wait for the person and for their administrator."""
    refuse_named(change, group.kind, role_in_care=role_in_care)
    days = parameters.of(edition_of(group.region_id))["invitation_days"]
    invitation = Invitation(
        id=uuid7(),
        key_id=group.key_id,
        group=group,
        account_id=role.account_id,
        role=role,
        role_in_care=role_in_care,
        manager=manager,
        invited_by_id=change.account,
        invited_at=change.now,
        expires_at=change.now + timedelta(days=days),
    )
    invitation.save(force_insert=True)
    change.about("Invitation", invitation.id, role=role.id.hex, manager=manager)
    change.tell("standing", None, 0, role.account_id)
    return invitation
