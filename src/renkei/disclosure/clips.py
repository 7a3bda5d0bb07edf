"""A clip: some seconds of a film, as frames; all of a film that may ever leave (A16, A15.5).

Who asked cuts it while the film plays for them, and their browser sends the frames: no film is
taken apart here. A film itself never leaves, and nothing of what was heard in it. The frames are
made anew; outside care each of them is covered by hand before it may go (A16.d).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_noop

from renkei.disclosure.enclosing import Enclosed
from renkei.disclosure.items import items
from renkei.disclosure.models import ReuseFile, ReuseItem, ReuseRequest
from renkei.files import opening, store
from renkei.files.models import File
from renkei.group.head import Head, head
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Unknown
from renkei.paperwork.stamp import stamped
from renkei.people.faces import name_by
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import Change, disclosure, use_case

MOST: Final = 48  # frames of one clip
# How long a clip may be, and how many frames of a second it has then.
LENGTHS: Final = ((4, 12), (6, 8), (8, 6), (12, 4))
SECONDS: Final = max(seconds for seconds, _ in LENGTHS)
PACES: Final = tuple(pace for _, pace in LENGTHS)
LARGEST: Final = 400_000  # bytes of one frame as it comes
AT_ONCE: Final = 100  # clips that go in one transaction
JPEG: Final = b"\xff\xd8\xff"  # how it begins


@dataclass(frozen=True, slots=True)
class Desk:
    """A film that may go, and the clip that was cut of it."""

    head: Head
    request: UUID
    film: Enclosed
    outside: bool


def _film(standing: Standing, file: UUID) -> Enclosed:
    """The film of the request, if its author permits it.

    Raises:
        Unknown: it is no film of this request, or stays here.
    """
    asked = standing.what.reuse
    assert asked is not None
    for item in items(asked.id):
        for one in item.files if item.usable else ():
            if one.id == file and one.film and not one.refusal:
                return one
    raise Unknown("film")


@disclosure("reuse.cut", on="reuse")
def see_clip(standing: Standing, *, file: UUID) -> Desk:
    """The film, to cut a clip of it.

    Raises:
        Unknown: it is no film of this request, or stays here.
    """
    asked = standing.what.reuse
    assert asked is not None
    film = _film(standing, file)
    return Desk(head(standing), asked.id, film, asked.purpose == "outside")


def check(frames: Sequence[bytes], pace: int) -> None:
    """See that these can be the frames of a clip.

    Raises:
        Problem: there are none, too many, too long or too large ones, or none at all of pictures.
    """
    if not frames:
        raise Problem(gettext_noop("Please choose the seconds that are needed."), field="frames")
    if pace not in PACES or len(frames) > MOST or len(frames) > SECONDS * pace:
        raise Problem(
            gettext_noop("At most %(n)s pictures of a film. Please choose fewer seconds."),
            field="frames",
            n=MOST,
        )
    if any(len(one) > LARGEST or not one.startswith(JPEG) for one in frames):
        raise Problem(gettext_noop("Please check once more."), field="frames")


def cut(actor: Actor, reuse: UUID, *, file: UUID, frames: Sequence[bytes], pace: int) -> int:
    """Keep a clip of a film, in the place of the one before; how many frames it has.

    Whatever was covered before has to be covered anew. Frames are opened and written before the
    change begins, so that nobody who writes waits.

    Raises:
        Unknown: it is no film of this request, or stays here.
        Problem: they cannot be taken as frames of it.
    """
    key = _key_of(actor, reuse, file=file)
    check(frames, pace)
    with opening.turn():
        made = opening.frames(frames)
    kept = store.write(key, [made.screens])
    return _keep(actor, reuse, file=file, kept=kept, views=made.views, pace=pace)


@disclosure("reuse.cut", on="reuse")
def _key_of(standing: Standing, *, file: UUID) -> UUID:
    film = _film(standing, file)
    return ReuseFile.objects.only("key_id").get(pk=film.id).key_id


@use_case("reuse.cut", on="reuse")
def _keep(change: Change, *, file: UUID, kept: File, views: list[list[int]], pace: int) -> int:
    film = _film(change.standing, file)
    row = ReuseFile.objects.select_for_update().get(pk=film.id)
    before = row.frames_id
    kept.save(force_insert=True)
    row.frames, row.frame_views, row.pace = kept, views, pace
    row.boxes_sealed, row.covered_by, row.cut_by_id = None, None, change.account
    row.save()
    if before is not None:
        store.remove(before)
    change.about("ReuseFile", row.id, frames=len(views), pace=pace, sealed=kept.sha256)
    return len(views)


@disclosure("reuse.cut", on="reuse")
def _frame(standing: Standing, *, file: UUID, number: int) -> tuple[Enclosed, UUID]:
    film = _film(standing, file)
    if film.screens is None or not 1 <= number <= len(film.views):
        raise Unknown("frame")
    assert standing.who.account is not None
    return film, standing.who.account


def see_frame(actor: Actor, reuse: UUID, *, file: UUID, number: int) -> bytes:
    """One frame as it is, for who cut the clip; stamped with their name.

    Raises:
        Unknown: there is none.
    """
    film, account = _frame(actor, reuse, file=file, number=number)
    assert film.screens is not None
    _, _, at, long = film.views[number - 1]
    content = b"".join(store.read(film.screens, at, at + long))
    return stamped(content, name_by(account), "", clock.now())


@use_case("reuse.tidy", on="region")
def tidy_clips(change: Change) -> int:
    """Remove the clips of which nothing may open any more; how many.

    The day is over, the permission was taken back, the message was withdrawn, or the film stays
    now. What is permitted anew is chosen anew. No line: that it was chosen is on record, and so is
    what ended it.
    """
    change.silent = True
    over = (
        Q(item__request__until__lte=change.now)
        | Q(item__request__state__in=(ReuseRequest.State.REFUSED, ReuseRequest.State.WITHDRAWN))
        | ~Q(item__answer=ReuseItem.Answer.YES)
        | ~Q(refusal=ReuseFile.Refusal.NONE)
        | Q(item__communication__withdrawn_at__isnull=False)
    )
    found = ReuseFile.objects.filter(over, frames__isnull=False).select_for_update(of=("self",))
    rows = list(found.order_by("pk")[:AT_ONCE])
    for row in rows:
        frames, row.frames, row.frame_views, row.pace = row.frames_id, None, [], 0
        row.boxes_sealed, row.covered_by = None, None
        row.save()
        assert frames is not None
        store.remove(frames)
    return len(rows)
