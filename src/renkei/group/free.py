"""Free groups: opened by anyone in good standing, with a purpose that stands before joining (A12).

One comes in by oneself, on request or by invitation, as the group says. Where the policy asks for
it, the person's own administrator approves each way in (A8.4).
"""

from dataclasses import asdict
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.answers import refuse_named
from renkei.group.membership import checked_reason, group_of, join, say
from renkei.group.models import About, Group, JoinRequest, Member
from renkei.group.ways_in import let_in
from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.notification.kinds import Kind
from renkei.notification.telling import tell
from renkei.people.models import PractitionerRole
from renkei.people.selectors import in_office
from renkei.policy.use_case import Change, use_case

NAME_LENGTH = 40  # characters
TEXT_LENGTH = 1_000
WORDS_LENGTH = 200


def checked_about(name: str, purpose: str, use: str) -> About:
    """Name, purpose and way of use; none of them can be left out (A12.4).

    Raises:
        Problem: one is missing or too long.
    """
    cleaned = About(" ".join(clean_text(name).split()), *(clean_text(one).strip()
                    for one in (purpose, use)))  # fmt: skip
    if not cleaned.name or len(cleaned.name) > NAME_LENGTH:
        raise Problem(gettext_noop("Please write a name, in up to 40 characters."), field="name")
    if not cleaned.purpose or len(cleaned.purpose) > TEXT_LENGTH:
        raise Problem(
            gettext_noop("Please write what the group is for, in up to 1,000 characters."),
            field="purpose",
        )
    if not cleaned.use or len(cleaned.use) > TEXT_LENGTH:
        raise Problem(
            gettext_noop("Please write how it is used, in up to 1,000 characters."), field="use"
        )
    return cleaned


def _checked_entry(entry: str) -> str:
    if entry not in Group.Entry.values:
        raise Problem(gettext_noop("Please choose one."), field="entry")
    return entry


@use_case("group.found", on="region")
def found_group(change: Change, *, name: str, purpose: str, use: str, entry: str) -> Group:
    """Open a free group and manage it; its founding organization is the one acted for (A5.1).

    Raises:
        Problem: name, purpose, way of use or way in is missing, or tells who a patient is.
    """
    who = change.standing.who
    assert who.role is not None and who.organization is not None
    about = checked_about(name, purpose, use)
    refuse_named(change, Group.Kind.FREE, **asdict(about))
    group = Group(
        id=uuid7(),
        key_id=vault.make_key("group"),
        region_id=change.region,
        kind=Group.Kind.FREE,
        organization_id=who.organization,
        opened_at=change.now,
        opened_by_id=change.account,
        entry=_checked_entry(entry),
    )
    group.seal("about_sealed", asdict(about))
    group.save(force_insert=True)
    change.stream = f"group:{group.id.hex}"
    change.about("Group", group.id, entry=entry)
    role = PractitionerRole.objects.get(pk=who.role)
    join(
        change,
        group,
        role,
        role_in_care="",
        manager=True,
        origin=Member.Origin.OPENED,
        appointed_by=change.account,
    )
    say(change, group, "opened", subject=role)
    Member.objects.filter(group=group).update(read_seq=group.last_seq)
    return group


@use_case("group.describe", on="group")
def describe_group(change: Change, *, name: str, purpose: str, use: str, entry: str) -> None:
    """Say anew what the group is for and how one comes in.

    What stands on the public page stands there by the operator's word, which was about the old
    words; so it is asked anew.

    Raises:
        Problem: as ``found_group``.
    """
    group = group_of(change)
    about = checked_about(name, purpose, use)
    refuse_named(change, group.kind, **asdict(about))
    reworded = about != group.about
    group.entry = _checked_entry(entry)
    group.seal("about_sealed", asdict(about))
    if group.listing == Group.Listing.LISTED and reworded:
        group.listing = Group.Listing.ASKED
    if group.entry == Group.Entry.INVITATION:
        group.listing = Group.Listing.NONE
    group.save(update_fields=["about_sealed", "entry", "listing"])
    change.about("Group", group.id, entry=entry, listing=group.listing)
    change.end_standings(group=group.id)


# ── Coming in ────────────────────────────────────────────────────────────────────────────────────


@use_case("group.join", on="group")
def join_group(change: Change, *, agreed: bool) -> bool:
    """Join an open free group, having read what it is for (A12.4).

    Returns:
        Whether one is in; else one's administrator has to approve first (A8.4).

    Raises:
        Problem: its purpose and way of use were not confirmed, or one waits already.
    """
    group = group_of(change)
    change.about("Group", group.id)
    _read_first(agreed)
    return let_in(change, group, _own_role(change), invited_by=change.account)


@use_case("group.ask", on="group")
def ask_to_join(change: Change, *, words: str, agreed: bool) -> JoinRequest:
    """Ask a free group's managers to be let in.

    Raises:
        Problem: its purpose and way of use were not confirmed, one has asked already, or the words
            tell who a patient is.
    """
    group = group_of(change)
    change.about("Group", group.id)
    _read_first(agreed)
    refuse_named(change, group.kind, words=words)
    mine = group.join_requests.filter(account=change.account, state=JoinRequest.State.OPEN)
    if mine.exists():
        raise Problem(gettext_noop("You have asked already. A manager answers."))
    asked = JoinRequest(
        id=uuid7(),
        key_id=group.key_id,
        group=group,
        account_id=change.account,
        role=_own_role(change),
        asked_at=change.now,
    )
    if cleaned := clean_text(words).strip()[:WORDS_LENGTH]:
        asked.seal("words", cleaned)
    asked.save(force_insert=True)
    change.about("JoinRequest", asked.id)
    managers = group.members.filter(manager=True, ended_at=None)
    who = list(managers.values_list("account", flat=True))
    tell(who, Kind.REQUEST)
    for manager in who:
        change.tell("standing", None, 0, manager)
    return asked


def _read_first(agreed: bool) -> None:
    if not agreed:
        raise Problem(
            gettext_noop("Please read what the group is for and how it is used, and confirm it."),
            field="agreed",
        )


def _own_role(change: Change) -> PractitionerRole:
    role = change.standing.who.role
    assert role is not None
    return PractitionerRole.objects.get(pk=role)


@use_case("group.admit", on="group")
def accept_request(change: Change, *, request: UUID) -> bool:
    """Let in, as a manager, who asks for it (A12.3).

    Returns:
        Whether the person is in; else their administrator has to approve first.

    Raises:
        Problem: there is no such request any more, or the person works here no more.
    """
    group = group_of(change)
    asked = _open_request(change, group, request)
    change.detail["yes"] = True
    _answer(change, asked, JoinRequest.State.ACCEPTED)
    role = _in_office(change, asked)
    inside = group.members.filter(account=asked.account_id, ended_at=None)
    return inside.exists() or let_in(change, group, role, invited_by=change.account)


@use_case("group.admit", on="group")
def decline_request(change: Change, *, request: UUID, reason: str) -> None:
    """Say no, as a manager, to who asks to be let in (A12.3).

    Raises:
        Problem: there is no such request any more, or no reason.
    """
    group = group_of(change)
    asked = _open_request(change, group, request)
    change.detail["yes"] = False
    cleaned = checked_reason(reason)
    refuse_named(change, group.kind, reason=cleaned)
    asked.seal("reason", cleaned)
    _answer(change, asked, JoinRequest.State.DECLINED)


def _open_request(change: Change, group: Group, request: UUID) -> JoinRequest:
    asked = group.join_requests.filter(pk=request, state=JoinRequest.State.OPEN).first()
    if asked is None:
        raise Problem(gettext_noop("This was answered already."))
    change.about("JoinRequest", asked.id, account=asked.account_id.hex)
    return asked


def _answer(change: Change, asked: JoinRequest, state: JoinRequest.State) -> None:
    asked.state, asked.answered_by_id, asked.answered_at = state, change.account, change.now
    asked.save(update_fields=["state", "answered_by", "answered_at", "reason"])
    change.tell("standing", None, 0, asked.account_id)


def _in_office(change: Change, asked: JoinRequest) -> PractitionerRole:
    """The role in which the person asked, if it lasts; neither person nor organization stopped."""
    role = in_office(change.now).filter(pk=asked.role_id).first()
    if role is None:
        raise Problem(gettext_noop("This person cannot be reached at the moment."))
    return role


@use_case("group.ask", on="group")
def take_back_request(change: Change) -> None:
    """Take back one's own wish to be let in."""
    group = group_of(change)
    change.about("Group", group.id)
    mine = group.join_requests.filter(account=change.account, state=JoinRequest.State.OPEN)
    gone = mine.update(state=JoinRequest.State.TAKEN_BACK, answered_at=change.now)
    change.silent = not gone


# ── The public page (A19.2) ──────────────────────────────────────────────────────────────────────


@use_case("group.ask_listing", on="group")
def ask_listing(change: Change, *, wanted: bool) -> None:
    """Ask the operator to name the group on the public page, or take it off.

    Raises:
        Problem: it is by invitation alone, and not to be found by anybody.
    """
    group = group_of(change)
    change.about("Group", group.id, wanted=wanted)
    if wanted and group.entry == Group.Entry.INVITATION:
        raise Problem(gettext_noop("A group by invitation alone stands in no list."))
    if wanted == bool(group.listing):
        change.silent = True
        return
    group.listing = Group.Listing.ASKED if wanted else Group.Listing.NONE
    group.save(update_fields=["listing"])


@use_case("listing.answer", on="group")
def answer_listing(change: Change, *, yes: bool) -> None:
    """Agree, as the operator, that the public page names the group; or take it off."""
    group = group_of(change)
    change.about("Group", group.id, yes=yes)
    if not group.listing or (yes and group.listing == Group.Listing.LISTED):
        change.silent = True
        return
    group.listing = Group.Listing.LISTED if yes else Group.Listing.NONE
    group.save(update_fields=["listing"])


# ── When its managers are gone (A5.1) ────────────────────────────────────────────────────────────


@use_case("group.take_over", on="group")
def take_over_free_group(change: Change) -> Member:
    """Manage, as the founding organization's administrator, a group whose managers are gone."""
    group, who = group_of(change), change.standing.who
    change.about("Group", group.id)
    role = _own_role(change)
    inside = group.members.filter(account=change.account, ended_at=None).first()
    if inside is not None:  # in it as a member: put in charge, for this organization
        inside.role, inside.manager = role, True
        inside.appointed_by_id, inside.appointed_at = who.account, change.now
        inside.save(update_fields=["role", "manager", "appointed_by", "appointed_at"])
    else:
        inside = join(
            change,
            group,
            role,
            role_in_care="",
            manager=True,
            origin=Member.Origin.TAKEN_OVER,
            appointed_by=change.account,
        )
    say(change, group, "taken_over", subject=role)
    change.end_standings(group=group.id)
    return inside
