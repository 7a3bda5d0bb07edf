"""The steps that use cases of a group share: joining, and saying so in the timeline."""

from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication import log
from renkei.group.models import Group, Member
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.people.models import PractitionerRole
from renkei.policy.use_case import Change

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
    """Let an event stand in the group's timeline."""
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
