"""Sending what waits: claimed first, sent, and only then taken off the list.

Three steps, so that no transaction is open while a push service or mail server is talked to:

1. What is due is looked at: does this person still see the group, and have they not read it since.
   What is not worth telling any more goes; the rest is claimed under the id of a letter.
2. It is sent.
3. What was sent goes from the list; what could not be sent waits longer each time.

Who dies between 2 and 3 has sent something that the list still holds: when the claim has run out it
is sent once more under the same id. A device shows it in the place of the first one and makes no
second sound; a mail has the same Message-ID. Nothing else is ever told twice, and nothing is lost.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from django.db import DatabaseError, transaction
from django.utils import translation

from renkei.communication.following import alone
from renkei.kernel import clock
from renkei.kernel.database import one_writer, snapshot
from renkei.kernel.entity import uuid7
from renkei.notification import letters, words
from renkei.notification.bounces import mark_returned
from renkei.notification.devices import end_subscriptions, usable
from renkei.notification.kinds import Kind
from renkei.notification.letters import Mail, address_mark
from renkei.notification.models import Channel, Letter, Preference, Subscription, Waiting
from renkei.notification.push import Outcome, Target, payload, push, target
from renkei.notification.reach import Reached, reached
from renkei.notification.telling import choices_of
from renkei.notification.timing import due, passes, quiet_until
from renkei.policy.standing import HOST

log = logging.getLogger("renkei.notification")

AT_ONCE: Final = 200  # rows of one batch
CLAIMED: Final = timedelta(minutes=2)  # longer than sending can take
STALE: Final = timedelta(days=1)  # what could not be told for so long is no news any more
PUSHERS: Final = 8  # pushes on their way at the same time
LEAST, MOST = timedelta(minutes=1), timedelta(hours=1)  # between two attempts
ATTEMPTS: Final = 10
NO_ADDRESS: Final = "5.1.3"  # RFC 3463: an address of which no mail can be made


@dataclass(slots=True)
class Sending:
    """What one person is told now by one way."""

    to: Reached
    channel: str
    rows: list[Waiting]
    letter: UUID
    contact: str  # of who runs this
    browsers: list[tuple[UUID, Target]] = field(default_factory=list)  # by their subscriptions

    @property
    def urgent(self) -> bool:
        """Whether anything of it is."""
        return any(one.urgent or one.kind == Kind.DISASTER for one in self.rows)

    @property
    def kinds(self) -> set[str]:
        """What there is."""
        return {one.kind for one in self.rows}


@dataclass(slots=True)
class _Looked:
    """What came of looking at what is due."""

    sendings: list[Sending] = field(default_factory=list)
    over: list[Waiting] = field(default_factory=list)  # not worth telling any more
    held: list[tuple[Waiting, datetime]] = field(default_factory=list)  # by quiet hours


def send_due() -> int:
    """Send all that is due; how many letters went out. Of several servers one at a time does it."""
    sent = 0
    with alone("sending") as ours:
        while ours and (ripe := _ripe()):
            looked = _look(ripe)
            _claim(looked)
            sent += _send_all(looked.sendings)
    return sent


def _ripe() -> list[Waiting]:
    now = clock.now()
    found = Waiting.objects.filter(due_at__lte=now)
    free = found.filter(claimed_until=None) | found.filter(claimed_until__lte=now)
    some = list(free.order_by("-urgent", "due_at")[:AT_ONCE])
    return sorted(some, key=lambda one: (one.account_id, one.channel))


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────


def _look(ripe: Sequence[Waiting]) -> _Looked:
    looked, now = _Looked(), clock.now()
    choices = choices_of({one.account_id for one in ripe})
    for (account, channel), some in groupby(ripe, lambda one: (one.account_id, one.channel)):
        rows = list(some)
        try:
            with snapshot():
                _look_at(looked, account, choices[account], channel, rows, now)
        except DatabaseError:
            raise
        except Exception as error:  # of one person; the others are told
            log.error("somebody could not be told", exc_info=error)
            looked.held += [(one, now + MOST) for one in rows]
    return looked


def _look_at(
    looked: _Looked,
    account: UUID,
    choice: Preference,
    channel: str,
    rows: list[Waiting],
    now: datetime,
) -> None:
    """What one person is to be told by one way."""
    to = reached(account)
    if to is None or not _has_way(choice, channel):
        looked.over += rows
        return
    worth = []
    for one in rows:
        urgent = one.urgent and to.may_be_woken(one.group_id)
        quiet = None if passes(choice, one.kind, urgent=urgent) else quiet_until(choice, now)
        if not _is_news(one, to, now):
            looked.over.append(one)
        elif quiet is not None:
            looked.held.append((one, quiet))
        else:
            worth.append(one)
    if not worth:
        return
    sending = Sending(to, channel, worth, _letter(worth), to.account.region.email)
    if channel == Channel.PUSH:
        sending.browsers = [
            (one.id, target(one))
            for one in usable(to.account.id)
            if one.told_letter != sending.letter
        ]
        if not sending.browsers:
            looked.over += worth
            return
    looked.sendings.append(sending)


def _has_way(choice: Preference, channel: str) -> bool:
    if channel == Channel.PUSH:
        return True
    return choice.mail != Preference.Mail.NONE and choice.returned_at is None


def _is_news(one: Waiting, to: Reached, now: datetime) -> bool:
    """Whether it still is: what is read, seen no more or old, is not."""
    if one.channel == Channel.PUSH and now - one.since > STALE:
        return False
    if one.group_id is not None:
        return one.group_id in to.read and to.read[one.group_id] < one.seq
    return one.kind != Kind.UNREAD or to.unread > 0


def _letter(rows: Iterable[Waiting]) -> UUID:
    """The id under which it was tried before, as long as it is the same that was tried."""
    tried = {one.letter for one in rows}
    (first, *others) = tried
    return uuid7() if first is None or others else first


# ── Claiming ─────────────────────────────────────────────────────────────────────────────────────


def _claim(looked: _Looked) -> None:
    """Claim what is to be sent, let go of what is over, and put off what is held."""
    until = clock.now() + CLAIMED
    with one_writer(), transaction.atomic(durable=True):
        _done(looked.over)
        for one, later in looked.held:
            Waiting.objects.filter(pk=one.pk).update(due_at=later)
        for sending in looked.sendings:
            rows = [one.pk for one in sending.rows]
            Waiting.objects.filter(pk__in=rows).update(letter=sending.letter, claimed_until=until)
            if sending.channel == Channel.MAIL:
                _note_letter(sending)


def _note_letter(sending: Sending) -> None:
    account = sending.to.account
    Letter.objects.get_or_create(
        id=sending.letter,
        defaults={
            "account": account,
            "address": address_mark(account.email),
            "sent_at": clock.now(),
        },
    )


# ── Sending ──────────────────────────────────────────────────────────────────────────────────────


def _send_all(sendings: list[Sending]) -> int:
    """Send them: pushes first, several at once, then the mails."""
    pushed = [one for one in sendings if one.channel == Channel.PUSH]
    with ThreadPoolExecutor(PUSHERS, thread_name_prefix="push") as pool:
        work = [
            (one, [(browser, pool.submit(_push, one, to)) for browser, to in one.browsers])
            for one in pushed
        ]
    sent = 0
    for sending, under_way in work:
        outcomes = {browser: _outcome(future) for browser, future in under_way}
        sent += _finish_pushes(sending, outcomes)
    for sending in sendings:
        if sending.channel == Channel.MAIL:
            sent += _mail(sending)
    return sent


def _outcome(under_way: Future[Outcome]) -> Outcome:
    """What became of one push; what nobody thought of holds no other up."""
    try:
        return under_way.result()
    except Exception:
        log.exception("push")
        return Outcome("later")


def _said(sending: Sending) -> tuple[str, list[str]]:
    with translation.override(sending.to.account.language):
        return words.title(), words.lines(sending.kinds, sending.to.unread)


def _push(sending: Sending, to: Target) -> Outcome:
    """In a thread of its own, which touches no database."""
    title, said = _said(sending)
    content = payload(title, "\n".join(said), sending.to.unread, sending.letter.hex)
    return push(to, content, urgent=sending.urgent, contact=sending.contact)


def _finish_pushes(sending: Sending, outcomes: Mapping[UUID, Outcome]) -> int:
    """Keep what became of it; whether any browser was reached."""
    said = {outcome.word for outcome in outcomes.values()}
    last = any(one.attempts + 1 >= ATTEMPTS for one in sending.rows)
    over = {"gone", "refused"} if last else {"gone"}
    reached_ones = [one for one, outcome in outcomes.items() if outcome.word == "sent"]
    gone = [one for one, outcome in outcomes.items() if outcome.word in over]
    with one_writer(), transaction.atomic(durable=True):
        Subscription.objects.filter(pk__in=reached_ones).update(
            told_at=clock.now(), told_letter=sending.letter
        )
        if said & {"later", "refused"}:
            _again(sending, max(outcome.after for outcome in outcomes.values()))
        else:
            _done(sending.rows)
    if gone:
        end_subscriptions(HOST, None, subscriptions=gone)
    return int(bool(reached_ones))


def _mail(sending: Sending) -> int:
    title, said = _said(sending)
    account = sending.to.account
    status = ""
    try:
        letters.send(Mail(sending.letter, account, title, tuple(said)))
    except letters.Refused as refused:
        status = str(refused)
    except ValueError:  # no mail can be made for such an address
        status = NO_ADDRESS
    except Exception as error:  # whatever it is, it holds no other mail up
        log.warning("mail", extra={"facts": {"failed": type(error).__name__}})
        with one_writer(), transaction.atomic(durable=True):
            _again(sending, 0)
        return 0
    with one_writer(), transaction.atomic(durable=True):
        _done(sending.rows)
    if status:
        mark_returned(HOST, None, letter=sending.letter, status=status)
    return int(not status)


def _done(rows: Iterable[Waiting]) -> None:
    """Take them off the list, but for those to which something new has come meanwhile."""
    for one in rows:
        there = Waiting.objects.filter(pk=one.pk)
        if there.filter(seq=one.seq).delete()[0]:
            continue
        choice = choices_of([one.account_id])[one.account_id]
        for newer in there:
            newer.due_at = due(
                choice, newer.channel, newer.kind, urgent=newer.urgent, now=clock.now()
            )
            newer.letter, newer.claimed_until, newer.attempts = None, None, 0
            newer.save(update_fields=["due_at", "letter", "claimed_until", "attempts"])


def _again(sending: Sending, after: int) -> None:
    """Try once more, later each time; what was tried often enough is given up."""
    for one in sending.rows:
        there = Waiting.objects.filter(pk=one.pk)
        if one.attempts + 1 >= ATTEMPTS:
            log.error("given up", extra={"facts": {"channel": one.channel, "kind": one.kind}})
            there.delete()
            continue
        pause = max(min(LEAST * 2**one.attempts, MOST), timedelta(seconds=after))
        there.update(claimed_until=None, attempts=one.attempts + 1, due_at=clock.now() + pause)
