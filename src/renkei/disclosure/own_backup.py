"""A member's own backup: what they wrote and what was permitted to them, group by group (N4.8).

Patient and relatives take theirs as well: what they wrote and posted is their own (A11.5).

Of groups one is in today: what one may not see any more is not taken away any more (A16). Each
group is asked for by a disclosure of its own, so that the rule is asked again for each, nothing is
locked meanwhile and nothing of it is kept on the server.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.attachments import item
from renkei.communication.entries import open_text
from renkei.communication.models import Attachment
from renkei.disclosure.copying import Copy, copy_of, note_opening
from renkei.disclosure.items import items
from renkei.disclosure.models import OwnBackup, ReuseRequest
from renkei.files import store
from renkei.files.models import File
from renkei.group.models import Group
from renkei.group.selectors import visible_to
from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.database import id_of, rows
from renkei.kernel.errors import Problem
from renkei.patient.identity import open_identity
from renkei.people.faces import OF_FAMILY, name_by
from renkei.people.models import Organization
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import Change, disclosure, use_case

A_DAY: Final = 3  # own backups within 24 hours


@dataclass(frozen=True, slots=True)
class Message:
    """One message that the person wrote."""

    number: int  # its place in the group's log
    sent_at: datetime
    kind: str
    importance: str
    text: str
    version: int
    corrected_at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A picture, film or document of one's own that one posted."""

    message: int  # the number of the message with which it was posted
    place: int  # its place there: 1, 2, 3 …
    name: str
    media: str
    file: File

    def read(self) -> Iterator[bytes]:
        """What is kept of it, in pieces."""
        return store.read(self.file)


@dataclass(frozen=True, slots=True)
class Part:
    """What one takes from one group."""

    group: UUID
    kind: str
    name: str  # the patient's; empty where there is none
    organization: str
    messages: list[Message]
    files: list[OwnFile]


@dataclass(frozen=True, slots=True)
class Choice:
    """What there is to take: for the page."""

    groups: int
    left_today: int  # how often one may still take one within 24 hours
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What was granted: of which groups, of which copies, and for whom."""

    name: str
    organization: str  # of patient and relatives, that they are
    at: datetime
    groups: list[UUID]
    copies: list[Copy]


def _recent(account: UUID) -> int:
    since = clock.now() - timedelta(days=1)
    return OwnBackup.objects.filter(account=account, at__gt=since).count()


@disclosure("own_backup.take", on="region")
def see_own_backup(standing: Standing) -> Choice:
    """How many groups one could take from, and when one did last."""
    account = standing.who.account
    assert account is not None
    last = OwnBackup.objects.filter(account=account).order_by("-at").first()
    return Choice(
        groups=len(visible_to(standing.who.reach)),
        left_today=max(0, A_DAY - _recent(account)),
        last_at=last.at if last else None,
    )


@use_case("own_backup.take", on="region")
def take_own_backup(change: Change, *, group: UUID | None = None) -> Taken:
    """Let a person have what they wrote and were permitted; it stands in the trail and register.

    Args:
        group: of this group alone; of all that one is in without it.

    Raises:
        Problem: too often within a day, or nothing to take.
    """
    who = change.standing.who
    visible = visible_to(who.reach)
    change.about("Account", change.account)
    if _recent(change.account) >= A_DAY:
        raise Problem(
            gettext_noop("You have taken %(n)s backups within a day. Please wait."), n=A_DAY
        )
    wanted = [one for one in visible if group in (None, one)]
    if not wanted:
        raise Problem(gettext_noop("There is no group you could take something from."))
    copies = _copies(change, wanted)
    messages = _count(change.account, wanted)
    OwnBackup.objects.create(
        account_id=change.account,
        at=change.now,
        groups=len(wanted),
        messages=messages,
        copies=len(copies),
    )
    change.detail |= {
        "groups": [one.hex for one in wanted],
        "messages": messages,
        "copies": [one.number for one in copies],
    }
    works = OF_FAMILY
    if who.organization is not None:
        works = Organization.objects.get(pk=who.organization).name
    return Taken(name_by(change.account), works, change.now, wanted, copies)


def _copies(change: Change, groups: Collection[UUID]) -> list[Copy]:
    """The permitted copies that could be opened one by one, each with its own opening."""
    own = ReuseRequest.objects.filter(
        asked_by=change.account, group__in=groups, state="permitted", until__gt=change.now
    ).select_related("group__patient", "group__organization", "organization")
    copies = []
    for request in own.order_by("asked_at"):
        if not may(load(change.standing.who.actor, "reuse", request.id), "reuse.open"):
            continue
        try:
            copy = copy_of(request, items(request.id), change.now)
        except Problem:
            continue  # nothing of it can be used any more, or its extract is not made yet
        note_opening(change, request, "backup", len(copy.parts))
        copies.append(copy)
    return copies


_OWN: Final = "group_id = %s AND sender_id = %s AND event = '' AND withdrawn_at IS NULL"


def _count(account: UUID, groups: Collection[UUID]) -> int:
    places = ", ".join(["%s"] * len(groups))
    found = rows(
        "SELECT COUNT(*) FROM communication_communication WHERE sender_id = %s AND event = ''"
        f" AND withdrawn_at IS NULL AND group_id IN ({places})",
        [account.hex, *(one.hex for one in groups)],
    )
    return int(found[0][0])


@disclosure("group.see", on="group")
def _own_part(standing: Standing) -> Part:
    where, account = standing.where, standing.who.account
    assert where is not None and where.group is not None and account is not None
    group = Group.objects.select_related("patient", "organization").get(pk=where.group)
    found = rows(
        "SELECT id, key_id, seq, sent_at, kind, importance, text, version, corrected_at"
        f" FROM communication_communication WHERE {_OWN} ORDER BY seq",
        [where.group.hex, account.hex],
    )
    patient = group.patient
    name = (
        open_identity(patient.id, patient.key_id, patient.identity_sealed).name if patient else ""
    )
    return Part(
        group=group.id,
        kind=group.kind,
        name=name,
        organization=group.organization.name if group.organization else "",
        messages=[
            Message(
                number=seq,
                sent_at=from_us(sent_at),
                kind=kind,
                importance=importance,
                text=open_text(id_of(key), id_of(message), version, text)[0],
                version=version,
                corrected_at=from_us(corrected) if corrected else None,
            )
            for message, key, seq, sent_at, kind, importance, text, version, corrected in found
        ],
        files=_files(where.group, account),
    )


def _files(group: UUID, account: UUID) -> list[OwnFile]:
    """What one posted oneself; never a document that came from another organization (A16.c)."""
    own = Attachment.objects.filter(
        group=group,
        author=account,
        state=Attachment.State.READY,
        source__in=(Attachment.Source.UNSAID, Attachment.Source.OWN),
        content__isnull=False,
        communication__withdrawn_at=None,
        communication__isnull=False,
    ).select_related("communication", "content", "source_organization", "source_issuer")
    return [
        OwnFile(one.communication.seq, one.number, item(one).name, one.media, one.content)
        for one in own.order_by("communication__seq", "number")
        if one.communication is not None and one.content is not None
    ]


def own_part(actor: Actor, group: UUID) -> Part:
    """What one wrote in one group; asked for one group after the other."""
    return _own_part(actor, group)
