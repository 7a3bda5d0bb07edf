"""How a group is used: agreed by its members, pinned, read by each, in editions (A11.8, A16.e)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.answers import refuse_named
from renkei.group.head import Head, head
from renkei.group.membership import group_of, say
from renkei.group.models import Charter, CharterReading, Group
from renkei.kernel.clock import from_us
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.database import id_of, row
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.kernel.sealed import about
from renkei.kernel.vault import seal, unseal
from renkei.notification.kinds import Kind
from renkei.notification.telling import tell
from renkei.people.faces import Face, name_of
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

TEXT_LENGTH: Final = 4000  # characters
PURPOSES: Final = tuple(Charter.Reuse.values)
_TEXTS: Final = Path(__file__).resolve().parents[1] / "texts"


@cache
def default_text(kind: str) -> str:
    """What to begin with: the default wording for groups of this kind."""
    path = _TEXTS / f"charter-{kind}.ja.md"
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


@use_case("charter.write", on="group")
def write_charter(change: Change, *, text: str, reuse: Collection[str], number: int) -> Charter:
    """Write how the group is used; it takes the place of the one before and is read anew (A11.8).

    Args:
        reuse: of ``PURPOSES``, what those who read it permit of what they write (A16.e).
        number: of the edition that was changed, 0 if there was none: two who write at once.

    Raises:
        Problem: it is empty or too long, nothing has changed, somebody was faster, or it tells in a
            free group who a patient is.
    """
    group = group_of(change)
    cleaned, chosen = _checked(text, reuse)
    refuse_named(change, group.kind, text=cleaned)
    before = group.charters.filter(ended_at=None).first()
    if (before.number if before else 0) != number:
        raise Problem(
            gettext_noop("Somebody has written a new edition meanwhile. Please look at it first.")
        )
    if before is not None and _text_of(before) == cleaned and before.reuse == chosen:
        raise Problem(gettext_noop("Nothing has been changed."), field="text")
    group.charters.filter(ended_at=None).update(ended_at=change.now)
    charter = Charter(
        id=uuid7(),
        key_id=group.key_id,
        group=group,
        number=number + 1,
        reuse=chosen,
        written_by_id=change.account,
        written_at=change.now,
    )
    charter.text = seal(group.key_id, cleaned.encode(), about=_place(charter.id))
    charter.save(force_insert=True)
    CharterReading.objects.create(charter=charter, account_id=change.account, at=change.now)
    change.about("Charter", charter.id, number=charter.number, reuse=charter.reuse)
    say(change, group, "charter", subject=None)
    others = group.members.filter(ended_at=None).exclude(account=change.account)
    tell(others.values_list("account", flat=True), Kind.CHARTER)
    return charter


def _checked(text: str, reuse: Collection[str]) -> tuple[str, str]:
    cleaned = clean_text(text).replace("\r\n", "\n").strip()
    if not cleaned:
        raise Problem(gettext_noop("Please write how the group is used."), field="text")
    if len(cleaned) > TEXT_LENGTH:
        raise Problem(gettext_noop("This is too long."), field="text")
    if set(reuse) - set(PURPOSES):
        raise Problem(gettext_noop("Please choose one."), field="reuse")
    return cleaned, ",".join(one for one in PURPOSES if one in reuse)


@use_case("charter.read", on="group")
def read_charter(change: Change, *, charter: UUID) -> None:
    """Tick that one has read the edition in force, and agrees (A11.8).

    Raises:
        Problem: another edition is in force by now; one agrees only to what one has read.
    """
    group = group_of(change)
    current = group.charters.filter(ended_at=None).first()
    if current is None or current.id != charter:
        raise Problem(
            gettext_noop("Somebody has written a new edition meanwhile. Please look at it first.")
        )
    _, new = CharterReading.objects.get_or_create(
        charter=current, account_id=change.account, defaults={"at": change.now}
    )
    change.about("Charter", current.id, number=current.number)
    change.silent = not new


# ── What other matters ask ───────────────────────────────────────────────────────────────────────


def standing_permission(group: UUID, author: UUID) -> frozenset[str]:
    """What an author permits in this group without being asked each time (A16.b, A16.e).

    That of the charter in force, and only from those who have read it: an edition that somebody
    has not agreed to permits nothing of what they write.
    """
    reading = CharterReading.objects.filter(
        charter__group=group, charter__ended_at=None, account=author
    ).select_related("charter")
    found = reading.first()
    return frozenset(one for one in found.charter.reuse.split(",") if one) if found else frozenset()


# ── Seeing ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Pinned:
    """The charter in force, as it is pinned above the timeline."""

    id: UUID
    number: int
    text: str
    reuse: list[str]
    written_at: datetime
    read: bool  # by who looks


_PINNED: Final = """
    SELECT c.id, c.key_id, c.number, c.text, c.reuse, c.written_at,
      (SELECT COUNT(*) FROM group_charterreading r WHERE r.charter_id = c.id AND r.account_id = %s)
    FROM group_charter c WHERE c.group_id = %s AND c.ended_at IS NULL"""


def _place(charter: UUID) -> str:
    return about("group.Charter", charter, "text")


def _text(charter: UUID, key: UUID, sealed: bytes) -> str:
    try:
        return unseal(key, sealed, about=_place(charter)).decode()
    except DAMAGE as found:
        return sentence(found)


def _text_of(charter: Charter) -> str:
    return _text(charter.id, charter.key_id, charter.text)


def pinned(group: UUID, account: UUID) -> Pinned | None:
    """The charter in force in one query; for pages whose own rule has been asked already."""
    found = row(_PINNED, [account.hex, group.hex])
    if found is None:
        return None
    charter, key = id_of(found[0]), id_of(found[1])
    return Pinned(
        id=charter,
        number=found[2],
        text=_text(charter, key, found[3]),
        reuse=[one for one in found[4].split(",") if one],
        written_at=from_us(found[5]),
        read=bool(found[6]),
    )


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition, in force or not."""

    number: int
    text: str
    reuse: list[str]
    written_by: str
    written_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class CharterPage:
    """The charter with who has read it, who not, and the editions before it."""

    head: Head
    current: Pinned | None
    written_by: str
    read: list[tuple[Face, datetime]]
    unread: list[Face]
    before: list[Edition]  # the newest first


@disclosure("charter.see", on="group", opens="charter")
def see_charter(standing: Standing) -> CharterPage:
    """How the group is used, and who of today's members has read it (A11.8)."""
    where, account = standing.where, standing.who.account
    assert where is not None and where.group is not None and account is not None
    top = head(standing)
    editions = list(
        Charter.objects.filter(group=where.group).select_related("written_by").order_by("-number")
    )
    current = pinned(where.group, account)
    ticked = {
        one.account_id: one.at
        for one in CharterReading.objects.filter(charter=current.id if current else None)
    }
    faces = [one.face for one in top.members]
    return CharterPage(
        head=top,
        current=current,
        written_by=name_of(editions[0].written_by) if current else "",
        read=[(one, ticked[one.account]) for one in faces if one.account in ticked],
        unread=[one for one in faces if one.account not in ticked] if current else [],
        before=[_edition(one) for one in editions if one.ended_at is not None],
    )


def _edition(one: Charter) -> Edition:
    return Edition(
        number=one.number,
        text=_text_of(one),
        reuse=[word for word in one.reuse.split(",") if word],
        written_by=name_of(one.written_by),
        written_at=one.written_at,
        ended_at=one.ended_at,
    )


@dataclass(frozen=True, slots=True)
class CharterDesk:
    """What a manager begins with: the charter in force, or the default wording."""

    head: Head
    number: int
    text: str
    reuse: list[str]
    members: int


@disclosure("charter.write", on="group", opens="charter")
def see_charter_desk(standing: Standing) -> CharterDesk:
    """The charter for who writes it."""
    top = head(standing)
    current = pinned(top.group, top.me)
    kind = Group.Kind(top.kind).value
    return CharterDesk(
        head=top,
        number=current.number if current else 0,
        text=current.text if current else default_text(kind),
        reuse=current.reuse if current else [],
        members=len(top.members),
    )
