"""How one wants to be told: by mail, at night, and of what in each group."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext_noop

from renkei.group.head import Head, head
from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.notification.devices import Browser, browsers_of
from renkei.notification.kinds import Kind
from renkei.notification.models import Channel, Letter, Level, Preference, Waiting
from renkei.notification.push_keys import current
from renkei.notification.telling import choices_of, tell
from renkei.notification.timing import due
from renkei.people.models import Account
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

_DAY: Final = 24 * 60
BETWEEN_TESTS: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The page 「通知」: what was chosen, in which browsers, and whether mail arrives."""

    mail: str
    quiet_from: int  # minutes after midnight
    quiet_until: int
    urgent_through: bool
    email: str
    returned_at: datetime | None
    returned_status: str
    code_waits: bool  # a number was mailed, and can be typed
    browsers: list[Browser]
    push_key: str  # with which a browser subscribes; empty before the first start


@disclosure("notification.see", on="region")
def see_choices(standing: Standing) -> Chosen:
    """How one is told at present."""
    account = standing.who.account
    assert account is not None
    choice, key = choices_of([account])[account], current()
    return Chosen(
        mail=choice.mail,
        quiet_from=choice.quiet_from,
        quiet_until=choice.quiet_until,
        urgent_through=choice.urgent_through,
        email=Account.objects.values_list("email", flat=True).get(pk=account),
        returned_at=choice.returned_at,
        returned_status=choice.returned_status,
        code_waits=choice.code_until is not None and choice.code_until > clock.now(),
        browsers=browsers_of(standing),
        push_key=key.public if key else "",
    )


@use_case("notification.choose", on="region")
def choose(
    change: Change, *, mail: str, quiet_from: int, quiet_until: int, urgent_through: bool
) -> None:
    """Say how one wants to be told; what waits to be told goes by it too.

    Raises:
        Problem: there is no such choice.
    """
    if mail not in Preference.Mail.values or not {quiet_from, quiet_until} <= set(range(_DAY)):
        raise Problem(gettext_noop("Please choose once more."))
    choice, _made = Preference.objects.get_or_create(account_id=change.account)
    choice.mail = Preference.Mail(mail)
    choice.quiet_from, choice.quiet_until = quiet_from, quiet_until
    choice.urgent_through = urgent_through
    choice.save()
    waiting = Waiting.objects.filter(account_id=change.account)
    if mail == Preference.Mail.NONE:
        waiting.filter(channel=Channel.MAIL).delete()
    for one in waiting.filter(claimed_until=None).select_for_update():
        one.due_at = due(choice, one.channel, one.kind, urgent=one.urgent, now=change.now)
        one.save(update_fields=["due_at"])
    change.about("Account", change.account, mail=mail, quiet=[quiet_from, quiet_until],
                 urgent_through=urgent_through)  # fmt: skip


@use_case("notification.test", on="region")
def try_out(change: Change) -> None:
    """Let oneself be told of a test, by every way on which one is told.

    Raises:
        Problem: one is on its way, or was mailed just now.
    """
    change.silent = True
    waits = Waiting.objects.filter(account_id=change.account, kind=Kind.TEST)
    mailed = Letter.objects.filter(
        account_id=change.account, sent_at__gt=change.now - BETWEEN_TESTS
    )
    if waits.exists() or mailed.exists():
        raise Problem(gettext_noop("We have just sent one. Please wait a minute."))
    tell([change.account], Kind.TEST)


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """Of what one wants to be told in one group, and the group's frame."""

    head: Head
    level: str


@disclosure("notification.level", on="group")
def see_level(standing: Standing) -> GroupChoice:
    """Of what one is told in this group at present."""
    assert standing.where is not None and standing.where.member is not None
    kept = Level.objects.filter(member=standing.where.member.id).first()
    return GroupChoice(head(standing), kept.of if kept else Level.Of.ALL.value)


@use_case("notification.level", on="group")
def choose_level(change: Change, *, level: str) -> None:
    """Say of what one wants to be told in this group; the line stands in one's own stream.

    Raises:
        Problem: there is no such choice.
    """
    member = change.where.member
    assert member is not None
    change.stream = f"account:{change.account.hex}"
    change.about("Group", change.group, level=level if level in Level.Of.values else "")
    if level not in Level.Of.values:
        raise Problem(gettext_noop("Please choose once more."))
    kept = Level.objects.filter(member=member.id)
    change.silent = (kept.values_list("of", flat=True).first() or Level.Of.ALL) == level
    if level == Level.Of.ALL:
        kept.delete()
    else:
        Level.objects.update_or_create(member_id=member.id, defaults={"of": level})
    if level == Level.Of.NONE:
        Waiting.objects.filter(account_id=change.account, group_id=change.group).delete()
