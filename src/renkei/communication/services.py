"""Saying something in a group, correcting it, taking it back, and saying that it was understood."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication import log, observations
from renkei.communication.answers import Answers, accept, refuse_named, sure_of
from renkei.communication.attachments import MOST, NOT_THERE, names_of, take_along
from renkei.communication.meant_anew import tell_newly_meant
from renkei.communication.measuring import NOTHING_TYPED, to_be_told
from renkei.communication.mentions import keep, mentions_of, settle
from renkei.communication.models import (
    IMPORTANCES,
    KINDS,
    Acknowledgement,
    Alteration,
    Communication,
    Draft,
    Importance,
    Kind,
    Version,
)
from renkei.communication.observations import Observed, together
from renkei.group.membership import checked_reason
from renkei.kernel.database import execute, id_of, row
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import MESSAGE_MAX, clean_text
from renkei.policy.standing import Where
from renkei.policy.use_case import Change, use_case

NOTHING_SAID = Answers()
NO_VALUES: Mapping[str, str] = MappingProxyType({})
DRAFT_MAX = 2 * MESSAGE_MAX  # characters: one may write more and shorten it before it is sent


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands in the log, and whether it was there before."""

    id: UUID
    seq: int
    again: bool  # this very post had been accepted before: nothing was written twice


def checked_text(text: str, *, may_be_empty: bool = False) -> str:
    """The text as it will be kept, without control and direction-changing characters.

    Args:
        may_be_empty: what goes with it says enough.

    Raises:
        Problem: it is empty, or longer than a message can be.
    """
    cleaned = clean_text(text).strip()
    if not cleaned and not may_be_empty:
        raise Problem(gettext_noop("Please write something first."), field="text")
    if len(cleaned) > MESSAGE_MAX:
        raise too_long(len(cleaned))
    return cleaned


def too_long(length: int) -> Problem:
    """What is said where more was written than a message can hold."""
    most = f"{MESSAGE_MAX:,}"
    said = gettext_noop("Too long: %(n)s of %(most)s characters.")
    return Problem(said, field="text", n=length, most=most)


def group_and_key(change: Change) -> tuple[Where, UUID, UUID]:
    """The group, its id and its key; the rule has made sure that they are there."""
    where = change.standing.where
    assert where is not None and where.group is not None and where.key is not None
    return where, where.group, where.key


@use_case("communication.send", on="group")
def send_communication(
    change: Change,
    *,
    text: str,
    kind: str = Kind.REPORT.value,
    importance: str = Importance.NORMAL.value,
    reply_to: int | None = None,
    attachments: tuple[UUID, ...] = (),
    mentions: tuple[str, ...] = (),
    observed: Observed | None = None,
    key: UUID,
    confirmed: bool,
    answers: Answers = NOTHING_SAID,
) -> Posted:
    """Say something to everyone in the group, once (N3.8).

    Args:
        attachments: one's own that wait in this group, in their order; they may say it alone.
        mentions: tokens of who is meant (``communication.mentions``), settled at this moment.
        observed: vital signs that go with it; they too may say it alone.
        key: made by the writing page; posting again with it posts nothing.
        confirmed: the author saw who reads it and took responsibility for the content.
        answers: what the author said to what was found in the text (A12.2, N3.3, N4.9).

    Raises:
        Problem: empty, too long, not confirmed, or an answer to something that is not there; what
            may not stand here, or was found and is not answered; something about what goes with it
            is not answered (A17); a vital sign that cannot be, or is unusual and not said to be so.
    """
    where, group, group_key = group_and_key(change)
    cleaned = checked_text(text, may_be_empty=bool(attachments or observed))
    observed = to_be_told(where, observed, change.now) if observed else None
    if len(set(attachments)) != len(attachments) or len(attachments) > MOST:
        raise Problem(NOT_THERE, field="attachments")
    if kind not in KINDS or importance not in IMPORTANCES:
        raise Problem(gettext_noop("Please choose the kind and the importance once more."))
    if not confirmed:
        raise Problem(gettext_noop("Please check who will read this before sending."))
    if reply_to is not None:
        reply_to = _thread_of(group, reply_to)
    try:
        names = names_of(group, change.account, attachments) if attachments else []
        said = accept(change, together(cleaned, observed), answers, names=names)
        sure_of(change, observed, None, answers)
        meant = settle(mentions, group, where.kind, change.account) if mentions else []
    except Problem:
        if before := _posted_before(group, change.account, key):
            change.silent = True  # what was answered then still holds
            return before
        raise
    member = where.member
    assert member is not None
    entry = log.append(
        group=group,
        key=group_key,
        last_seq=where.last_seq,
        sender=change.account,
        role=member.role,
        text=together(f"{cleaned}\n\n{said}".strip() if said else cleaned, observed),
        sent_us=change.now_us,
        posted_us=change.now_us,
        kind=kind,
        importance=importance,
        reply_to=reply_to,
        carries=len(attachments),
        observed=observed,
        idempotency_key=key,
    )
    if entry is None:
        change.silent = True
        again = _posted_before(group, change.account, key)
        assert again is not None
        return again
    _leave_behind(member.id, group, change.account, before=where.last_seq, now=entry.seq)
    change.about("Communication", entry.id, **entry.line)
    change.detail["confirmed"] = True
    if meant:
        change.detail["meant"] = keep(meant, entry.id, group, group_key)
    if attachments:
        patients = where.patient is not None
        change.detail["attachments"] = take_along(
            entry.id, group, change.account, attachments, patients=patients
        )
    change.tell("log", group, entry.seq)
    return Posted(entry.id, entry.seq, again=False)


def _leave_behind(member: UUID, group: UUID, author: UUID, *, before: int, now: int) -> None:
    """One's own words are read, by who had read all before them; and the draft is gone."""
    execute(
        "UPDATE group_member SET read_seq = %s WHERE id = %s AND read_seq = %s",
        [now, member.hex, before],
    )
    execute(
        "DELETE FROM communication_draft WHERE group_id = %s AND account_id = %s",
        [group.hex, author.hex],
    )


def _posted_before(group: UUID, sender: UUID, key: UUID) -> Posted | None:
    found = row(
        "SELECT id, seq FROM communication_communication"
        " WHERE group_id = %s AND sender_id = %s AND idempotency_key = %s",
        [group.hex, sender.hex, key.hex],
    )
    return Posted(id_of(found[0]), found[1], again=True) if found else None


def _thread_of(group: UUID, seq: int) -> int:
    """The message an answer hangs under: answers are one level deep."""
    found = row(
        "SELECT seq, reply_to, event FROM communication_communication"
        " WHERE group_id = %s AND seq = %s",
        [group.hex, seq],
    )
    if found is None or found[2]:
        raise Problem(gettext_noop("The message you answer is not there any more."))
    return int(found[1] or found[0])


def _message(change: Change) -> Communication:
    message = change.standing.what.message
    assert message is not None
    return Communication.objects.get(pk=message.id)


@use_case("communication.correct", on="communication")
def correct_communication(
    change: Change,
    *,
    text: str,
    version: int,
    mentions: tuple[str, ...] | None = None,
    observed: Observed | None = None,
    answers: Answers = NOTHING_SAID,
) -> int:
    """Replace the wording of one's own message; the earlier one is kept (N3.8).

    Args:
        text: what the author wrote, without the line about vital signs.
        version: the version the author was looking at.
        mentions: who is meant from now on; None: who was before.
        observed: the vital signs as they are now; None takes them out of the message.

    Returns:
        The number of the new version.

    Raises:
        Problem: empty, too long, or corrected meanwhile from elsewhere; or what stands in it now
            and did not before may not stand here, or is not answered.
    """
    where, group, key = group_and_key(change)
    message = _message(change)
    change.about("Communication", message.id, seq=message.seq)
    cleaned = checked_text(text, may_be_empty=observed is not None)
    before = log.unseal(key, message.id, message.version, message.text)
    was = observations.unseal(key, message.id, message.version, message.measured)
    observed = _corrected(where, message, observed, was)
    were = mentions_of([message.id]).get(message.id, []) if message.meant else []
    meant = were
    if mentions is not None:
        meant = settle(mentions, group, where.kind, change.account, kept=were)
    if before == together(cleaned, observed) and was == observed and {*meant} == {*were}:
        change.silent = True  # also for who asks again because the answer got lost on the way
        return message.version
    if message.version != version:
        raise Problem(gettext_noop("Someone else corrected this just now."), field="text")
    whole = together(cleaned, observed)
    if before != whole and (said := accept(change, whole, answers, before=before)):
        cleaned = f"{cleaned}\n\n{said}".strip()
    sure_of(change, observed, was, answers)
    _replace(change, message, key, together(cleaned, observed), observed)
    log.alter(group, message.seq, Alteration.What.CORRECTED.value)
    if {*meant} != {*were}:
        change.detail["meant"] = keep(meant, message.id, group, key)
        tell_newly_meant(change, group, were, meant)
    change.tell("changed", group, message.seq)
    return message.version


def _replace(
    change: Change, message: Communication, key: UUID, text: str, observed: Observed | None
) -> None:
    """Give a message its next version; the one before is kept, still sealed."""
    Version.objects.create(
        communication=message,
        number=message.version,
        text=bytes(message.text),
        measured=bytes(message.measured) if message.measured else None,
        replaced_at=change.now,
    )
    message.version += 1
    message.text = log.seal(key, message.id, message.version, text)
    message.measured = observations.seal(key, message.id, message.version, observed)
    message.corrected_at = change.now
    message.save(update_fields=["version", "text", "measured", "corrected_at"])
    change.detail["version"] = message.version
    change.detail["sealed"] = sha256(message.text).hexdigest()
    if message.measured is not None:
        change.detail["measured"] = sha256(message.measured).hexdigest()


def _corrected(
    where: Where, message: Communication, observed: Observed | None, was: Observed | None
) -> Observed | None:
    """The vital signs of a correction; those that were not touched stay as they were judged."""
    if observed is None:
        return None
    if was is not None and observations.same(observed, was):
        return was
    return to_be_told(where, observed, message.sent_at, message=message.id)


@use_case("communication.withdraw", on="communication")
def withdraw_communication(change: Change, *, reason: str) -> None:
    """Take back one's own message: the text is no longer shown, who, when and why is.

    Raises:
        Problem: no reason was given.
    """
    _take_away(change, reason, Alteration.What.WITHDRAWN)


@use_case("communication.hide", on="communication")
def hide_communication(change: Change, *, reason: str) -> None:
    """Hide somebody's post in a free group, as its manager (A12.5).

    The text is no longer shown, to its author neither; who hid it, when and why is.

    Raises:
        Problem: no reason was given.
    """
    _take_away(change, reason, Alteration.What.HIDDEN)


def _take_away(change: Change, reason: str, what: Alteration.What) -> None:
    _, group, _ = group_and_key(change)
    message = _message(change)
    change.about("Communication", message.id, seq=message.seq)
    cleaned = checked_reason(reason)
    refuse_named(change, change.where.kind, reason=cleaned)
    message.withdrawn_at = change.now
    message.withdrawn_by_id = change.account
    message.seal("withdrawal_reason", cleaned)
    change.detail["reason"] = sha256(message.withdrawal_reason or b"").hexdigest()
    message.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawal_reason"])
    log.alter(group, message.seq, what.value)
    change.tell("changed", group, message.seq)


@use_case("communication.understand", on="communication")
def understand_communication(change: Change) -> None:
    """Say 「了解」 to a message. Saying it twice is saying it once."""
    _, group, _ = group_and_key(change)
    message = change.standing.what.message
    assert message is not None
    change.about("Communication", message.id, seq=message.seq)
    _, new = Acknowledgement.objects.get_or_create(
        communication_id=message.id, account_id=change.account, defaults={"at": change.now}
    )
    change.silent = not new
    if new:
        change.tell("changed", group, message.seq)


@use_case("communication.draft", on="group")
def save_draft(
    change: Change,
    *,
    text: str,
    kind: str = Kind.REPORT.value,
    importance: str = Importance.NORMAL.value,
    reply_to: int | None = None,
    mentions: tuple[str, ...] = (),
    template: str = "",
    values: Mapping[str, str] = NO_VALUES,
    vitals: Mapping[str, str] = NOTHING_TYPED,
) -> None:
    """Keep what is being written, for this person alone, on any device. Leaves no line.

    Args:
        template: the form that is open in the writing box, and what stands in its fields.

    Raises:
        Problem: far longer than a message can be.
    """
    _, group, key = group_and_key(change)
    change.silent = True
    length = len(text) + sum(len(name) + len(value) for name, value in values.items())
    if length > DRAFT_MAX:
        raise too_long(length)
    mine = Draft.objects.filter(group_id=group, account_id=change.account)
    if not text.strip() and not template and not set(vitals) - {"by"}:
        mine.delete()
        return
    draft = mine.first() or Draft(id=uuid7(), group_id=group, account_id=change.account, key_id=key)
    draft.seal(
        "content",
        {
            "text": clean_text(text),
            "kind": kind if kind in KINDS else Kind.REPORT.value,
            "importance": importance if importance in IMPORTANCES else "normal",
            "reply_to": reply_to,
            **({"vitals": dict(vitals)} if vitals else {}),
            "mentions": list(mentions[:100]),
            "template": template[:40],
            "values": {name: clean_text(value) for name, value in values.items()},
        },
    )
    draft.saved_at = change.now
    draft.save()
