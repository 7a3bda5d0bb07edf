"""A permitted copy: only what was permitted, for whom, for what and until when it was (A16.b).

Each opening is a use case of its own: asked, recorded, and over with the permission. Outside care
nothing leaves but what a person made of it in the anonymising editor (A16.d).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.disclosure.asking import last_day
from renkei.disclosure.enclosing import Picture, pictures_of
from renkei.disclosure.items import Item, Wish, items, wish_of
from renkei.disclosure.models import ReuseOpening, ReuseRequest
from renkei.kernel.errors import Problem, Unknown
from renkei.patient.identity import open_identity
from renkei.people.faces import name_by
from renkei.policy.use_case import Change, use_case

TO_ONESELF: Final = ("pdf", "text", "record")


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a copy, with where it comes from."""

    author: str  # empty outside care
    work: str  # profession and organization; outside care the profession alone
    at: datetime  # outside care moved like every date of the extract
    text: str
    corrected: bool
    condition: str
    pictures: tuple[Picture, ...] = ()  # in the PDF alone


@dataclass(frozen=True, slots=True)
class Copy:
    """What leaves: the permitted words, and all that has to stand with them."""

    number: str
    purpose: str
    detail: str
    user: str  # to whom it is given: name and organization
    users: str  # who will use it
    opened_at: datetime
    until: date
    patient: str  # empty outside care
    organization: str  # managing the patient's group; empty outside care
    parts: tuple[Part, ...]


def copy_of(request: ReuseRequest, found: Collection[Item], opened_at: datetime) -> Copy:
    """The copy of a permitted request.

    Raises:
        Problem: nothing of it can be used, or an extract is not made yet.
    """
    outside = request.purpose == ReuseRequest.Purpose.OUTSIDE
    usable = [one for one in found if one.usable]
    if not usable:
        raise Problem(gettext_noop("Nothing of it can be used any more."))
    if outside and not all(one.anonymous for one in usable):
        raise Problem(gettext_noop("First what says who it is has to be taken out of it."))
    wish, patient = wish_of(request), request.group.patient
    name = ""
    if patient is not None and not outside:
        name = open_identity(patient.id, patient.key_id, patient.identity_sealed).name
    manages = request.group.organization
    return Copy(
        number=request.number,
        purpose=request.purpose,
        detail=wish.detail,
        user=f"{name_by(request.asked_by_id)}（{request.organization.name}）",
        users=wish.users,
        opened_at=opened_at,
        until=last_day(request.until),
        patient=name,
        organization="" if outside or manages is None else manages.name,
        parts=tuple((_extract(one, wish) if outside else _part(one)) for one in usable),
    )


def _part(item: Item) -> Part:
    face = item.author
    work = "・".join(one for one in (face.profession, face.organization) if one)
    return Part(
        face.name,
        work,
        item.sent_at,
        item.text,
        item.corrected,
        item.condition,
        pictures_of(item.going, outside=False),
    )


def _extract(item: Item, wish: Wish) -> Part:
    """Without names, and its time as far away as every date in it."""
    moved = item.sent_at + timedelta(days=wish.shift)
    return Part(
        "",
        item.author.profession,
        moved,
        item.extract or "",
        False,
        item.condition,
        pictures_of(item.going, outside=True),
    )


def note_opening(change: Change, request: ReuseRequest, way: str, count: int) -> None:
    """Record that a copy was opened, for the register."""
    ReuseOpening.objects.create(
        request=request, account_id=change.account, at=change.now, way=way, items=count
    )


@use_case("reuse.open", on="reuse")
def open_copy(change: Change, *, way: str) -> Copy:
    """Open a permitted copy; who, when and how stands in the register before it is shown.

    Args:
        way: "pdf", "text", or "record": as text for the own record, 支援経過.

    Raises:
        Problem: nothing of it can be used any more, or an extract is not made yet.
    """
    if way not in TO_ONESELF:
        raise Problem(gettext_noop("Please choose one."))
    request = _asked(change)
    copy = copy_of(request, items(request.id), change.now)
    note_opening(change, request, way, len(copy.parts))
    change.about("ReuseRequest", request.id, way=way, items=len(copy.parts))
    if way == "pdf" and (files := sum(len(one.pictures) for one in copy.parts)):
        change.detail["files"] = files
    return copy


def _asked(change: Change) -> ReuseRequest:
    asked = change.standing.what.reuse
    assert asked is not None
    return ReuseRequest.objects.select_related(
        "group__patient", "group__organization", "organization"
    ).get(pk=asked.id)


@use_case("reuse.open", on="reuse")
def open_clip(change: Change, *, file: UUID) -> tuple[Copy, Picture]:
    """Open some seconds of a film, to be shown as a clip, as ``open_copy`` does words.

    Raises:
        Unknown: no film of this request goes by that id.
        Problem: nothing of it can be used any more, or who is in it has not been taken out yet.
    """
    request = _asked(change)
    found = items(request.id)
    copy = copy_of(request, found, change.now)
    outside = request.purpose == ReuseRequest.Purpose.OUTSIDE
    going = (one for item in found for one in item.going)
    film = next((one for one in going if one.film and one.id == file), None)
    if film is None:
        raise Unknown("film")
    note_opening(change, request, "clip", 1)
    change.about("ReuseRequest", request.id, way="clip", items=1, files=1)
    return copy, pictures_of([film], outside=outside)[0]
