"""Asking to use what others wrote outside the network, and taking the request back (A16)."""

import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.disclosure.beforehand import permitted_beforehand
from renkei.disclosure.enclosing import HOW, WHO, enclose
from renkei.disclosure.items import HERE, Wish
from renkei.disclosure.models import ReuseFile, ReuseItem, ReuseRequest
from renkei.enrollment.papers import make_code
from renkei.group.models import Group
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.notification.kinds import Kind
from renkei.notification.telling import tell
from renkei.policy.facts import agreed_to_reuse
from renkei.policy.use_case import Change, use_case
from renkei.region import parameters

MOST: Final = 50  # messages of one request
LENGTH: Final = 300  # characters of what it is for
FURTHEST: Final = 60  # days by which the dates of an extract are moved at most
LEAST: Final = 8

_ASKED = f"""
    SELECT t.id, t.sender_id, t.role_id, r.organization_id, {HERE},
      EXISTS (SELECT 1 FROM communication_attachment f
        WHERE f.communication_id = t.id AND f.source NOT IN ('', 'own'))
    FROM communication_communication t
    LEFT JOIN people_practitionerrole r ON r.id = t.role_id
    WHERE t.group_id = %s AND t.event = '' AND t.withdrawn_at IS NULL AND t.id IN ({{}})
    ORDER BY t.seq"""


@dataclass(frozen=True, slots=True)
class Reuse:
    """What somebody asks for: what for, by whom it will be used, until which day."""

    purpose: str
    detail: str
    users: str
    until: date
    agreed: str = ""  # outside care: who agreed to this use of the pictures, of ``enclosing.WHO``
    agreed_how: str = ""  # of ``enclosing.HOW``


@use_case("reuse.ask", on="group")
def ask_to_reuse(
    change: Change, *, messages: Collection[UUID], asked: Reuse, files: Collection[UUID] = ()
) -> ReuseRequest:
    """Ask the authors of messages to let one use them, with the pictures and files chosen of them.

    What cannot be permitted is refused at once, with the reason, and stands in the register: a
    purpose the patient declined, a document from elsewhere, an author who is here no more. One's
    own words are permitted by asking; outside care the group's manager is asked in any case.

    Raises:
        Problem: no message, one that is not there any more, or a day that cannot be.
    """
    group = Group.objects.get(pk=change.group)
    member = change.where.member
    assert member is not None and member.organization is not None  # by the rule: no network group
    _check(change, group, messages, asked)
    found = _asked_for(change, messages)
    request = ReuseRequest(
        id=uuid7(),
        key_id=group.key_id,
        group=group,
        number=make_code(),
        asked_by_id=change.account,
        organization_id=member.organization,
        purpose=asked.purpose,
        asked_at=change.now,
        until=_end(asked.until),
    )
    wish = _wish(asked)
    request.seal("wish_sealed", asdict(wish))
    declined = not agreed_to_reuse(change.where, asked.purpose)
    made = [_item(change, request, one, declined) for one in found]
    enclosed = enclose(made, files, request.purpose, agreed=bool(wish.agreed))
    _begin(request, made, declined)
    request.save(force_insert=True)
    ReuseItem.objects.bulk_create(made)
    ReuseFile.objects.bulk_create(enclosed)
    _tell_deciders(change, request, made)
    change.about(
        "ReuseRequest",
        request.id,
        purpose=asked.purpose,
        items=len(made),
        state=str(request.state),
        refusal=str(request.refusal),
        messages=[one.communication_id.hex for one in made],
        **({"files": [one.attachment_id.hex for one in enclosed]} if enclosed else {}),
    )
    return request


def _tell_deciders(change: Change, request: ReuseRequest, made: list[ReuseItem]) -> None:
    """Let those be told of whom something is asked: authors, and outside care the managers."""
    if request.state == ReuseRequest.State.REFUSED:
        return
    who = {one.author_id for one in made if not one.answer}
    if request.purpose == ReuseRequest.Purpose.OUTSIDE:
        managers = request.group.members.filter(manager=True, ended_at=None)
        who |= set(managers.values_list("account", flat=True))
    tell(who - {change.account}, Kind.REQUEST)


def _check(change: Change, group: Group, messages: Collection[UUID], asked: Reuse) -> None:
    days = int(parameters.of(group.region.edition)["reuse_days"])
    if not messages:
        raise Problem(gettext_noop("Please choose at least one message."))
    if len(messages) > MOST:
        raise Problem(gettext_noop("At most %(n)s messages at a time."), n=MOST)
    if asked.purpose not in ReuseRequest.Purpose.values:
        raise Problem(gettext_noop("Please choose one."), field="purpose")
    if not clean_text(asked.detail).strip():
        raise Problem(gettext_noop("Please write what it is for."), field="detail")
    if not clean_text(asked.users).strip():
        raise Problem(gettext_noop("Please write who will use it."), field="users")
    if bool(asked.agreed) != bool(asked.agreed_how):
        raise Problem(gettext_noop("Please say who agreed, and how."), field="agreed")
    if asked.agreed and (asked.agreed not in WHO or asked.agreed_how not in HOW):
        raise Problem(gettext_noop("Please choose one."), field="agreed")
    today = change.now.astimezone(JAPAN).date()
    if not today <= asked.until <= today + timedelta(days=days):
        raise Problem(
            gettext_noop("Please choose a day from today on, at most %(n)s days ahead."),
            field="until",
            n=days,
        )


def _asked_for(change: Change, messages: Collection[UUID]) -> list[tuple[Any, ...]]:
    """The messages of this group that are meant.

    Raises:
        Problem: one of them is not there, or not any more.
    """
    wanted = {one.hex for one in messages}
    places = ", ".join(["%s"] * len(wanted))
    found = rows(_ASKED.format(places), [change.now_us, change.group.hex, *wanted])
    if len(found) != len(wanted):
        raise Problem(gettext_noop("A message you chose is not there any more."))
    return found


def _wish(asked: Reuse) -> Wish:
    detail, users = (clean_text(one).strip()[:LENGTH] for one in (asked.detail, asked.users))
    if asked.purpose != ReuseRequest.Purpose.OUTSIDE:
        return Wish(detail, users)
    days = LEAST + secrets.randbelow(FURTHEST - LEAST + 1)
    shift = days if secrets.randbelow(2) else -days
    return Wish(detail, users, shift, asked.agreed, asked.agreed_how)


def _end(day: date) -> datetime:
    """The end of that day in Japan."""
    return clock.begins(day + timedelta(days=1))


def _item(
    change: Change, request: ReuseRequest, found: tuple[Any, ...], declined: bool
) -> ReuseItem:
    message, author, role, organization, here, elsewhere = found
    item = ReuseItem(
        id=uuid7(),
        key_id=request.key_id,
        request=request,
        communication_id=id_of(message),
        author_id=id_of(author),
        role_id=as_uuid(role),
        organization_id=as_uuid(organization),
        from_elsewhere=bool(elsewhere),
    )
    if declined:
        return item
    beforehand = permitted_beforehand(change.group, item.author_id, request.purpose)
    if item.from_elsewhere:
        item.answer, item.refusal = ReuseItem.Answer.NO, ReuseItem.Refusal.ELSEWHERE
    elif item.author_id == change.account or beforehand:
        item.answer, item.beforehand = ReuseItem.Answer.YES, item.author_id != change.account
    elif not here:
        item.answer, item.refusal = ReuseItem.Answer.NO, ReuseItem.Refusal.GONE
    if item.answer:
        item.answered_at = change.now
    return item


def _begin(request: ReuseRequest, made: list[ReuseItem], declined: bool) -> None:
    """The state in which the request begins."""
    if declined:
        request.state = ReuseRequest.State.REFUSED
        request.refusal = ReuseRequest.Refusal.DECLINED
    else:
        request.state, request.refusal = standing_of(request, made)


def standing_of(
    request: ReuseRequest, made: Collection[ReuseItem]
) -> tuple[ReuseRequest.State, ReuseRequest.Refusal]:
    """What the answers come to: permitted as soon as one is yes, refused when all are no."""
    state, refusal = ReuseRequest.State, ReuseRequest.Refusal
    if request.manager_answer == "no":
        return state.REFUSED, refusal.MANAGER
    answers = {one.answer for one in made}
    if answers == {"no"}:
        return state.REFUSED, refusal.ITEMS
    outside = request.purpose == ReuseRequest.Purpose.OUTSIDE
    if "yes" in answers and (not outside or request.manager_answer == "yes"):
        return state.PERMITTED, refusal.NONE
    return state.WAITING, refusal.NONE


@use_case("reuse.withdraw", on="reuse")
def withdraw_request(change: Change) -> None:
    """It is not needed any more; whatever was permitted of it opens no more."""
    asked = change.standing.what.reuse
    assert asked is not None
    request = ReuseRequest.objects.get(pk=asked.id)
    change.about("ReuseRequest", request.id)
    change.silent = request.state == ReuseRequest.State.WITHDRAWN
    request.state = ReuseRequest.State.WITHDRAWN
    request.save(update_fields=["state"])


def last_day(moment: datetime) -> date:
    """The last day on which what ends at this moment may be used."""
    return (moment - timedelta(microseconds=1)).astimezone(clock.JAPAN).date()
