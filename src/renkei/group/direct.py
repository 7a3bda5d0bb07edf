"""Two people who write to each other: connected by request and acceptance (A13.1).

Their group belongs to no organization, and nobody but the two reads or manages it. Whoever blocks
the other cannot be reached by them; the other learns no more than that it is not possible, as when
somebody works here no more.
"""

from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_noop

from renkei.group.models import Block, Connection, Group, Member
from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.notification.kinds import Kind
from renkei.notification.telling import tell
from renkei.people.models import Account
from renkei.people.selectors import in_office
from renkei.policy.use_case import Change, use_case

NOT_POSSIBLE = gettext_noop("This is not possible at the moment.")


def pair_of(one: UUID, other: UUID) -> str:
    """What two people have in common, whoever comes first."""
    return ".".join(sorted((one.hex, other.hex)))


def _hold(*accounts: UUID) -> None:
    """Whatever two people do about each other happens one after the other."""
    list(Account.objects.select_for_update().filter(pk__in=accounts).order_by("pk").only("id"))


def blocked(one: UUID, other: UUID) -> bool:
    """Whether one of the two has blocked the other."""
    blocks = Block.objects.filter(lifted_at=None)
    return blocks.filter(Q(by=one, of=other) | Q(by=other, of=one)).exists()


def _current(one: UUID, other: UUID) -> Connection | None:
    """The request or connection of two people as it stands."""
    standing = Connection.objects.filter(pair=pair_of(one, other))
    return standing.filter(state__in=("asked", "connected")).select_related("group").first()


def _lasts(connection: Connection) -> bool:
    """Whether both are still in their group."""
    group = connection.group
    return group is None or group.members.filter(ended_at=None).count() == 2


@use_case("connection.ask", on="staff")
def ask_to_connect(change: Change) -> Connection:
    """Ask a colleague of the region to write to each other.

    Raises:
        Problem: they are connected, or one asked already; or it is not possible.
    """
    other, who = change.standing.what.colleague, change.standing.who
    assert other is not None and who.role is not None
    change.about("Account", other.account)
    _hold(change.account, other.account)
    if blocked(change.account, other.account):
        raise Problem(NOT_POSSIBLE)
    before = _current(change.account, other.account)
    if before is not None and not _lasts(before):
        _end(change, before)
    elif before is not None and before.state == Connection.State.CONNECTED:
        raise Problem(gettext_noop("You are connected already."))
    elif before is not None and before.asker_id == change.account:
        raise Problem(gettext_noop("You have asked already. Please wait for the answer."))
    elif before is not None:
        raise Problem(gettext_noop("This person has asked you already. Please answer there."))
    if _said_no(change.account, other.account):
        raise Problem(NOT_POSSIBLE)
    asked = Connection(
        id=uuid7(),
        pair=pair_of(change.account, other.account),
        asker_id=change.account,
        asker_role_id=who.role,
        asked_id=other.account,
        asked_role_id=other.role,
        asked_at=change.now,
    )
    asked.save(force_insert=True)
    change.about("Connection", asked.id, account=other.account.hex)
    tell([other.account], Kind.REQUEST)
    change.tell("standing", None, 0, other.account)
    return asked


def _said_no(asker: UUID, asked: UUID) -> bool:
    """Who declined is not asked again by the same person; they can ask themselves."""
    last = Connection.objects.filter(pair=pair_of(asker, asked)).order_by("-asked_at").first()
    return last is not None and last.state == Connection.State.DECLINED and last.asker_id == asker


def _end(change: Change, connection: Connection) -> None:
    connection.state = Connection.State.ENDED
    connection.save(update_fields=["state"])
    assert connection.group_id is not None
    Group.objects.filter(pk=connection.group_id, closed_at=None).update(closed_at=change.now)


def _request(change: Change, connection: UUID, **mine: UUID) -> Connection:
    """An open request that is one's own to answer or to take back.

    Raises:
        Unknown: there is none.
    """
    waiting = Connection.objects.select_for_update().filter(state=Connection.State.ASKED)
    asked = waiting.filter(pk=connection, **mine).first()
    if asked is None:
        raise Unknown("connection")
    change.about("Connection", asked.id)
    return asked


@use_case("connection.answer", on="region")
def accept_connection(change: Change, *, connection: UUID) -> UUID:
    """Be connected with who asks; the group of the two.

    Raises:
        Unknown: nobody asks, or not any more.
        Problem: who asked works here no more.
    """
    asked = _request(change, connection, asked_id=change.account)
    asked.group = _make_group(change, asked)
    _answer(change, asked, Connection.State.CONNECTED)
    return asked.group.id


@use_case("connection.answer", on="region")
def decline_connection(change: Change, *, connection: UUID) -> None:
    """Say no to who asks to be connected.

    Raises:
        Unknown: nobody asks, or not any more.
    """
    asked = _request(change, connection, asked_id=change.account)
    _answer(change, asked, Connection.State.DECLINED)


def _answer(change: Change, asked: Connection, state: Connection.State) -> None:
    asked.answered_at, asked.state = change.now, state
    asked.save(update_fields=["answered_at", "state", "group"])
    change.detail["yes"] = state == Connection.State.CONNECTED
    for account in (asked.asker_id, asked.asked_id):
        change.end_standings(account=account)


def _make_group(change: Change, asked: Connection) -> Group:
    _hold(asked.asker_id, asked.asked_id)
    if blocked(asked.asker_id, asked.asked_id):
        raise Problem(NOT_POSSIBLE)
    role = change.standing.who.role
    assert role is not None
    seats = [(asked.asker_id, _role_of(change, asked)), (change.account, role)]
    group = Group(
        id=uuid7(),
        key_id=vault.make_key("group"),
        region_id=change.region,
        kind=Group.Kind.DIRECT,
        opened_at=change.now,
        opened_by_id=change.account,
    )
    group.save(force_insert=True)
    for account, own in seats:
        Member(
            id=uuid7(),
            key_id=group.key_id,
            group=group,
            account_id=account,
            role_id=own,
            origin=Member.Origin.CONNECTED,
            joined_at=change.now,
        ).save(force_insert=True)
    change.stream = f"group:{group.id.hex}"
    change.detail["group"] = group.id.hex
    return group


def _role_of(change: Change, asked: Connection) -> UUID:
    """The role in which who asked takes part: that of the asking, or another that lasts."""
    roles = in_office(change.now).filter(account=asked.asker_id)
    lasting = list(roles.order_by("started_at", "pk").values_list("pk", flat=True))
    if not lasting:
        raise Problem(NOT_POSSIBLE)
    return asked.asker_role_id if asked.asker_role_id in lasting else lasting[0]


@use_case("connection.answer", on="region")
def take_back_connection(change: Change, *, connection: UUID) -> None:
    """Take back one's own request.

    Raises:
        Unknown: there is none, or it was answered.
    """
    asked = _request(change, connection, asker_id=change.account)
    asked.state, asked.answered_at = Connection.State.TAKEN_BACK, change.now
    asked.save(update_fields=["state", "answered_at"])
    change.tell("standing", None, 0, asked.asked_id)


@use_case("connection.block", on="person")
def block_person(change: Change) -> None:
    """Be reached by somebody no more. What was written stays; an open request stays unanswered."""
    other = _other(change)
    _, new = Block.objects.get_or_create(
        by_id=change.account, of_id=other, lifted_at=None, defaults={"at": change.now}
    )
    change.silent = not new
    before = _current(change.account, other)
    if before is not None and before.group_id is not None:
        Group.objects.filter(pk=before.group_id).update(closed_at=change.now)
    change.end_standings(account=other)


@use_case("connection.block", on="person")
def unblock_person(change: Change) -> None:
    """Be reached again; the group of the two opens if the other has not blocked as well."""
    other = _other(change)
    mine = Block.objects.filter(by=change.account, of=other, lifted_at=None)
    change.silent = not mine.update(lifted_at=change.now)
    before = _current(change.account, other)
    if before is not None and before.group_id and not blocked(change.account, other):
        Group.objects.filter(pk=before.group_id).update(closed_at=None)
    change.end_standings(account=other)


def _other(change: Change) -> UUID:
    other = change.standing.what.person
    assert other is not None
    change.about("Account", other)
    _hold(change.account, other)
    return other
