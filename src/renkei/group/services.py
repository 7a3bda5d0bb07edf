"""Opening a patient's group, and who is in it: inviting, approving, accepting, leaving."""

from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication import log
from renkei.group.models import Group, Invitation, Member
from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.people.models import PractitionerRole
from renkei.policy.use_case import Change, use_case
from renkei.region import parameters
from renkei.region.models import Region

REASON_LENGTH = 200  # characters
ROLE_IN_CARE_LENGTH = 50


def _role_in_care(text: str) -> str:
    """The person's part in the care, which everyone in the group sees (A11.4)."""
    cleaned = " ".join(clean_text(text).split())
    if not cleaned or len(cleaned) > ROLE_IN_CARE_LENGTH:
        raise Problem(
            gettext_noop("Please write their role in the care, in up to 50 characters."),
            field="role_in_care",
        )
    return cleaned


def _reason(text: str) -> str:
    cleaned = clean_text(text).strip()[:REASON_LENGTH]
    if not cleaned:
        raise Problem(gettext_noop("Please give a reason."), field="reason")
    return cleaned


def _group(change: Change) -> Group:
    return Group.objects.select_for_update().get(pk=change.group)


def _say(
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


def _join(
    change: Change,
    group: Group,
    role: PractitionerRole,
    *,
    role_in_care: str,
    manager: bool,
    origin: str,
    appointed_by: UUID | None,
) -> Member:
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


@use_case("group.open", on="patient")
def open_group(change: Change, *, role_in_care: str) -> Group:
    """Open the patient's group, with oneself as its first manager (A5.1, A11.1).

    Raises:
        Problem: the patient has an open group already.
    """
    who = change.standing.who
    if Group.objects.filter(patient=change.patient, kind="patient", closed_at=None).exists():
        raise Problem(gettext_noop("This patient has a group already."))
    assert who.role is not None
    role = PractitionerRole.objects.get(pk=who.role)
    group = _new_group(change, region=change.region, opened_by=who.account)
    change.stream = f"group:{group.id.hex}"
    change.about("Group", group.id, patient=change.patient.hex)
    _join(
        change,
        group,
        role,
        role_in_care=_role_in_care(role_in_care),
        manager=True,
        origin=Member.Origin.OPENED,
        appointed_by=who.account,
    )
    _say(change, group, "opened", subject=role)
    Member.objects.filter(group=group).update(read_seq=group.last_seq)
    return group


def _new_group(change: Change, *, region: UUID, opened_by: UUID | None) -> Group:
    group = Group(
        id=uuid7(),
        key_id=vault.make_key("group"),
        region_id=region,
        kind=Group.Kind.PATIENT,
        patient_id=change.patient,
        organization_id=change.where.organization,
        opened_at=change.now,
        opened_by_id=opened_by,
    )
    group.save(force_insert=True)
    return group


@use_case("group.invite", on="invitee")
def invite(change: Change, *, role_in_care: str) -> Invitation:
    """Ask a professional into the group (A5.2, A8.4).

    Raises:
        Problem: the person is in the group or invited already, or no role in the care is given.
    """
    return _invite(change, role_in_care, manager=False)


@use_case("group.invite_manager", on="invitee")
def invite_manager(change: Change, *, role_in_care: str) -> Invitation:
    """Ask somebody into the group and put them in charge of it, once they have joined (A11.2).

    Raises:
        Problem: as ``invite``.
    """
    return _invite(change, role_in_care, manager=True)


def _invite(change: Change, role_in_care: str, *, manager: bool) -> Invitation:
    group, colleague = _group(change), change.standing.what.colleague
    assert colleague is not None
    change.about("Group", group.id, invitee=colleague.account.hex)
    cleaned = _role_in_care(role_in_care)
    if group.members.filter(account=colleague.account, ended_at=None).exists():
        raise Problem(gettext_noop("This person is in the group already."))
    open_ones = group.invitations.filter(account=colleague.account, state="open")
    if open_ones.filter(expires_at__gt=change.now).exists():
        raise Problem(gettext_noop("This person is invited already."))
    open_ones.update(state=Invitation.State.TAKEN_BACK, closed_at=change.now)
    days = parameters.of(Region.objects.get(pk=group.region_id).policy_id)["invitation_days"]
    invitation = Invitation(
        id=uuid7(),
        key_id=group.key_id,
        group=group,
        account_id=colleague.account,
        role_id=colleague.role,
        role_in_care=cleaned,
        manager=manager,
        invited_by_id=change.account,
        invited_at=change.now,
        expires_at=change.now + timedelta(days=days),
    )
    invitation.save(force_insert=True)
    change.about("Invitation", invitation.id, role=colleague.role.hex, manager=manager)
    change.tell("standing", None, 0, colleague.account)
    return invitation


def _invitation(change: Change) -> Invitation:
    asked = change.standing.what.invitation
    assert asked is not None
    invitation = Invitation.objects.select_for_update().get(pk=asked.id)
    change.about("Invitation", invitation.id, invitee=invitation.account_id.hex)
    return invitation


def _join_if_complete(change: Change, invitation: Invitation) -> None:
    """Both have said yes: the person is in, and it stands in the timeline."""
    if invitation.approved_at is None or invitation.accepted_at is None:
        return
    group = _group(change)
    _join(
        change,
        group,
        invitation.role,
        role_in_care=invitation.role_in_care,
        manager=invitation.manager,
        origin=Member.Origin.INVITED,
        appointed_by=invitation.invited_by_id,
    )
    invitation.state = Invitation.State.JOINED
    invitation.closed_at = change.now
    invitation.save(update_fields=["state", "closed_at"])
    change.detail["joined"] = True
    _say(
        change,
        group,
        "joined",
        subject=invitation.role,
        text=invitation.role_in_care,
        sender=invitation.account_id,
    )


@use_case("invitation.approve", on="invitation")
def approve_invitation(change: Change) -> Invitation:
    """Approve, as the invited person's own administrator, that they take part (A8.4).

    Raises:
        Problem: it was approved already.
    """
    invitation = _invitation(change)
    if invitation.approved_at is not None:
        raise Problem(gettext_noop("This invitation was approved already."))
    invitation.approved_by_id, invitation.approved_at = change.account, change.now
    invitation.save(update_fields=["approved_by", "approved_at"])
    _join_if_complete(change, invitation)
    return invitation


@use_case("invitation.accept", on="invitation")
def accept_invitation(change: Change) -> Invitation:
    """Accept, having judged that one belongs in the group (N3.2).

    Raises:
        Problem: it was accepted already.
    """
    invitation = _invitation(change)
    if invitation.accepted_at is not None:
        raise Problem(gettext_noop("You have accepted this invitation already."))
    invitation.accepted_at = change.now
    invitation.save(update_fields=["accepted_at"])
    _join_if_complete(change, invitation)
    return invitation


def _close_invitation(change: Change, state: str, reason: str) -> Invitation:
    invitation = _invitation(change)
    invitation.state, invitation.closed_at = state, change.now
    invitation.seal("reason", _reason(reason))
    invitation.save(update_fields=["state", "closed_at", "reason"])
    return invitation


@use_case("invitation.decline", on="invitation")
def decline_invitation(change: Change, *, reason: str) -> Invitation:
    """Decline with a reason (N3.2).

    Raises:
        Problem: no reason was given.
    """
    return _close_invitation(change, Invitation.State.DECLINED, reason)


@use_case("invitation.refuse", on="invitation")
def refuse_invitation(change: Change, *, reason: str) -> Invitation:
    """Refuse, as the invited person's own administrator, with a reason (A8.4).

    Raises:
        Problem: no reason was given.
    """
    return _close_invitation(change, Invitation.State.REFUSED, reason)


@use_case("invitation.take_back", on="invitation")
def take_back_invitation(change: Change, *, reason: str) -> Invitation:
    """Take an invitation back.

    Raises:
        Problem: no reason was given.
    """
    return _close_invitation(change, Invitation.State.TAKEN_BACK, reason)


def _end_membership(
    change: Change, group: Group, member: Member, *, reason: str, released_by: UUID | None
) -> None:
    member.ended_at, member.released_by_id = change.now, released_by
    member.seal("end_reason", reason)
    member.save(update_fields=["ended_at", "released_by", "end_reason"])
    change.about("Member", member.id, account=member.account_id.hex)
    _say(
        change,
        group,
        "released" if released_by else "left",
        subject=member.role,
        sender=released_by or member.account_id,
    )
    change.end_standings(group=group.id, account=member.account_id)


def _refuse_last_manager(group: Group, member: Member) -> None:
    """A group is never without a manager in office while others are in it."""
    others = group.members.filter(ended_at=None).exclude(pk=member.pk)
    in_office = others.filter(manager=True, role__ended_at=None, account__suspended_at=None)
    if member.manager and not in_office.exists() and others.exists():
        raise Problem(gettext_noop("This is the last manager of the group."))


@use_case("group.leave", on="group")
def leave_group(change: Change, *, reason: str) -> None:
    """Leave the group oneself, at once, with a reason (N3.6).

    Raises:
        Problem: no reason, or one is the last manager of a group with others in it.
    """
    group, where = _group(change), change.standing.where
    assert where is not None and where.member is not None
    member = Member.objects.select_for_update().get(pk=where.member.id)
    change.about("Group", group.id)
    cleaned = _reason(reason)
    _refuse_last_manager(group, member)
    _end_membership(change, group, member, reason=cleaned, released_by=None)


@use_case("member.release", on="member")
def release_member(change: Change, *, reason: str) -> None:
    """End somebody's part in the group, with a reason (A5.2, A8.4).

    Raises:
        Problem: no reason, or it is the last manager of a group with others in it.
    """
    group, member = _group(change), _member(change)
    cleaned = _reason(reason)
    _refuse_last_manager(group, member)
    _end_membership(change, group, member, reason=cleaned, released_by=change.account)


def _member(change: Change) -> Member:
    member_id = change.standing.what.member
    assert member_id is not None
    member = Member.objects.select_for_update().get(pk=member_id)
    change.about("Member", member.id, account=member.account_id.hex)
    return member


@use_case("member.appoint", on="member")
def appoint_manager(change: Change) -> None:
    """Put a member in charge of the group; on record and in the timeline (A11.2)."""
    group, member = _group(change), _member(change)
    if member.manager:
        change.silent = True
        return
    member.manager, member.appointed_by_id, member.appointed_at = True, change.account, change.now
    member.save(update_fields=["manager", "appointed_by", "appointed_at"])
    _say(change, group, "appointed", subject=member.role)
    change.end_standings(group=group.id, account=member.account_id)


@use_case("member.dismiss", on="member")
def dismiss_manager(change: Change) -> None:
    """Take back that a member is in charge of the group (A11.2).

    Raises:
        Problem: it would leave the group without a manager.
    """
    group, member = _group(change), _member(change)
    if not member.manager:
        change.silent = True
        return
    _refuse_last_manager(group, member)
    member.manager, member.appointed_by_id, member.appointed_at = False, None, None
    member.save(update_fields=["manager", "appointed_by", "appointed_at"])
    change.end_standings(group=group.id, account=member.account_id)


@use_case("group.close", on="group")
def close_group(change: Change, *, reason: str) -> None:
    """End the group: it stays readable to its members, and nobody writes or joins (A5.1).

    Raises:
        Problem: no reason was given.
    """
    group = _group(change)
    change.about("Group", group.id)
    cleaned = _reason(reason)
    _say(change, group, "closed", subject=None, text=cleaned)
    group.closed_at = change.now
    group.save(update_fields=["closed_at"])
    group.invitations.filter(state="open").update(
        state=Invitation.State.TAKEN_BACK, closed_at=change.now
    )
    change.end_standings(group=group.id)


# ── Taken over from paper ────────────────────────────────────────────────────────────────────────


@use_case("region.load", on="patient")
def take_over_group(
    change: Change, *, region: UUID, team: list[tuple[PractitionerRole, str, bool]]
) -> Group:
    """Open the group of a patient whose team exists on paper.

    Args:
        team: role, role in care, whether a manager. Nobody approved or accepted anything here,
            and the memberships say so.
    """
    group = _new_group(change, region=region, opened_by=None)
    change.stream = f"group:{group.id.hex}"
    change.about("Group", group.id, patient=change.patient.hex)
    change.detail["members"] = [role.id.hex for role, _, _ in team]
    for role, role_in_care, manager in team:
        member = Member(
            id=uuid7(),
            key_id=group.key_id,
            group=group,
            account_id=role.account_id,
            role=role,
            role_in_care=_role_in_care(role_in_care),
            manager=manager,
            origin=Member.Origin.PAPER,
            joined_at=change.now,
        )
        member.save(force_insert=True)
    return group
