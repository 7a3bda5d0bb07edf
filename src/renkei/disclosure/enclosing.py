"""Pictures and documents that go with what is asked for: each chosen apart, each with its own rule.

An office document stays; a PDF does not go outside care; of a film goes a clip that somebody cut
(``clips``), never the film; a picture of somebody or of a home goes only as far as they agreed
(A17.1); nothing goes that came from another organization.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication import attachments
from renkei.communication.models import Attachment
from renkei.disclosure.models import ReuseFile, ReuseItem, ReuseRequest
from renkei.files import opening, store
from renkei.files.kinds import PDF, PICTURE, VIDEO
from renkei.files.models import File
from renkei.files.opening import Place
from renkei.kernel.damage import DAMAGE
from renkei.kernel.errors import Problem

MOST: Final = 20  # pictures and documents of one request
PAGES: Final = 60  # of all of them together
BOXES: Final = 40  # of one picture
BOXES_OF_CLIP: Final = 1000  # of all its frames together
WHOLE: Final = 1000  # a picture is so wide and so high, for the places of boxes
LEAST: Final = 5
WHO: Final = ("patient", "family", "proxy")
HOW: Final = ("words", "paper")
OWN: Final = (Attachment.Source.UNSAID, Attachment.Source.OWN)


class Box(NamedTuple):
    """A place that is black in a picture, in thousandths; of a clip, in one of its frames."""

    left: int
    top: int
    width: int
    height: int
    frame: int | None = None  # of a clip, counted from 1; None of a picture by itself

    @classmethod
    def of(cls, numbers: Sequence[int]) -> "Box":
        """It from its numbers, as they are kept: of a clip, that of the frame comes first."""
        *frame, left, top, width, height = numbers
        return cls(left, top, width, height, *frame)

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self[:4]

    @property
    def numbers(self) -> tuple[int, ...]:
        """What is kept of it."""
        return self.place if self.frame is None else (self.frame, *self.place)


class Enclosed(NamedTuple):
    """One picture, film or document of a message that was asked for."""

    id: UUID
    file: attachments.Item
    refusal: str
    boxes: tuple[Box, ...] | None  # outside care: what was covered by hand; None before that
    screens: File | None  # of a film: the frames of its clip
    views: tuple[tuple[int, ...], ...]  # width and height, place and length in the screens
    pace: int  # of a film: frames of a second; 0 of everything else

    @property
    def usable(self) -> bool:
        """Whether it may stand in the copy when its message does."""
        return not self.refusal and self.screens is not None

    @property
    def film(self) -> bool:
        """Whether it is a film, of which a clip has to be cut first."""
        return self.file.kind == VIDEO

    @property
    def uncut(self) -> bool:
        """Whether it is a film that may go, and no clip was cut of it."""
        return self.film and not self.refusal and self.screens is None

    @property
    def bare(self) -> bool:
        """Whether one of its pictures has nothing covered."""
        return not all(over(self.boxes or (), page) for page in range(1, len(self.views) + 1))


def over(boxes: Collection[Box], page: int) -> list[Place]:
    """The places that are black in one picture, counted from 1."""
    return [one.place for one in boxes if one.frame in (None, page)]


def refusal_of(one: Attachment, purpose: str, agreed: bool) -> ReuseFile.Refusal:
    """By which rule it stays.

    Args:
        agreed: who is in the picture agreed to this very use.
    """
    outside = purpose == ReuseRequest.Purpose.OUTSIDE
    if one.source not in OWN:
        return ReuseFile.Refusal.ELSEWHERE
    if one.kind not in (PICTURE, VIDEO, PDF):
        return ReuseFile.Refusal.KIND
    if outside and one.kind == PDF:
        return ReuseFile.Refusal.STUDY
    covered = agreed if outside else one.consent is not None
    if one.kind != PDF and one.shows is not False and not covered:
        return ReuseFile.Refusal.CONSENT
    return ReuseFile.Refusal.NONE


def enclose(
    made: Collection[ReuseItem], files: Collection[UUID], purpose: str, *, agreed: bool
) -> list[ReuseFile]:
    """What was chosen of the messages that are asked for; what cannot go is refused at once.

    Raises:
        Problem: one is not with these messages, or they are too many.
    """
    wanted, of = set(files), {one.communication_id: one for one in made}
    if not wanted:
        return []
    if len(wanted) > MOST:
        raise Problem(gettext_noop("At most %(n)s pictures and files at a time."), n=MOST)
    posted = Attachment.objects.filter(
        pk__in=wanted, communication__in=of, state=Attachment.State.READY
    )
    found = list(posted.order_by("communication__seq", "number"))
    if len(found) != len(wanted):
        raise Problem(gettext_noop("A file you chose is not there any more."))
    enclosed = []
    for one in found:
        assert one.communication_id is not None
        item = of[one.communication_id]
        enclosed.append(
            ReuseFile(
                key_id=item.key_id,
                item=item,
                attachment=one,
                refusal=refusal_of(one, purpose, agreed),
            )
        )
    going = (one for one in enclosed if not one.refusal)
    if sum(len(one.attachment.views) for one in going) > PAGES:
        raise Problem(gettext_noop("At most %(n)s pages of pictures and PDFs at a time."), n=PAGES)
    return enclosed


def enclosed_of(request: UUID) -> dict[UUID, list[Enclosed]]:
    """The pictures and documents of a request, by its items."""
    found = ReuseFile.objects.filter(item__request=request).select_related(
        "attachment__source_organization", "attachment__source_issuer", "attachment__screens",
        "frames",
    )  # fmt: skip
    enclosed: dict[UUID, list[Enclosed]] = {}
    for one in found.order_by("attachment__number"):
        about = one.attachment
        elsewhere, film = about.source not in OWN, about.kind == VIDEO
        views = one.frame_views if film else [[*view[:4]] for view in about.views]
        enclosed.setdefault(one.item_id, []).append(
            Enclosed(
                one.id,
                attachments.item(about),
                ReuseFile.Refusal.ELSEWHERE if elsewhere else one.refusal,
                _boxes(one),
                one.frames if film else about.screens,
                tuple(tuple(view) for view in views),
                one.pace if film else 0,
            )
        )
    return enclosed


def _boxes(one: ReuseFile) -> tuple[Box, ...] | None:
    """None also where it does not open: then somebody has to cover it again."""
    if one.boxes_sealed is None:
        return None
    try:
        return tuple(Box.of(numbers) for numbers in one.unseal("boxes_sealed"))
    except DAMAGE:
        return None


# ── Covering faces by hand (A16.d) ───────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Covered:
    """What a person covered in a picture or clip, or that nobody is in it where nothing is."""

    boxes: tuple[Box, ...] = ()
    nobody: bool = False
    of: UUID | None = None  # the file with the pictures that it was drawn on


def checked(one: Enclosed, covered: Covered | None) -> tuple[Box, ...]:
    """The boxes that were drawn.

    Raises:
        Problem: in one of its pictures nothing is covered and nobody said that nobody is in it, or
            a box is none; or another clip was cut of the film since.
    """
    if covered and covered.of and (one.screens is None or covered.of != one.screens.id):
        raise Problem(gettext_noop("Please check once more."), field="covered")
    boxes, nobody = (covered.boxes, covered.nobody) if covered else ((), False)
    if not nobody and not all(over(boxes, page) for page in range(1, len(one.views) + 1)):
        raise Problem(
            gettext_noop("Please cover every face in the pictures, or say that nobody is in it."),
            field="covered",
        )
    most = BOXES_OF_CLIP if one.film else BOXES
    if len(boxes) > most or not all(_fits(one, box) for box in boxes):
        raise Problem(gettext_noop("Please check once more."), field="covered")
    return boxes


def _fits(one: Enclosed, box: Box) -> bool:
    if box.frame not in (range(1, len(one.views) + 1) if one.film else (None,)):
        return False
    inside = box.left + box.width <= WHOLE and box.top + box.height <= WHOLE
    return inside and min(box.left, box.top) >= 0 and min(box.width, box.height) >= LEAST


def keep_covered(
    enclosed: Collection[Enclosed], given: Mapping[UUID, Covered], account: UUID
) -> int:
    """Keep what a person covered in each picture; how many boxes that were.

    Raises:
        Problem: in one of them nothing was decided.
    """
    made = {one.id: checked(one, given.get(one.id)) for one in enclosed}
    for row in ReuseFile.objects.filter(pk__in=made):
        row.seal("boxes_sealed", [box.numbers for box in made[row.id]])
        row.covered_by_id = account
        row.save(update_fields=["boxes_sealed", "covered_by"])
    return sum(len(boxes) for boxes in made.values())


# ── What leaves ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, a clip or a document of a copy, read when the copy is set."""

    screens: File
    views: tuple[tuple[int, ...], ...]
    boxes: tuple[Box, ...] | None  # None for use in care, where nothing is covered
    pace: int = 0  # of a clip: frames of a second

    def pages(self) -> list[bytes]:
        """Its pages as JPEG, anew and with black boxes where somebody drew them.

        Not within a transaction: covering is done in the workshop.

        Raises:
            Problem: others are at it for too long.
            Tampered, Erased: what is stored does not open.
        """
        places = [(view[2], view[3]) for view in self.views]
        found = [b"".join(store.read(self.screens, at, at + long)) for at, long in places]
        if self.boxes is None:
            return found
        boxes = [over(self.boxes, page) for page in range(1, len(found) + 1)]
        with opening.turn():
            return opening.covered(found, boxes)


def picture_of(one: Enclosed, boxes: Collection[Box] | None) -> Picture:
    """It as it leaves under these boxes."""
    assert one.screens is not None
    return Picture(one.screens, one.views, None if boxes is None else tuple(boxes), one.pace)


def pictures_of(enclosed: Collection[Enclosed], *, outside: bool) -> tuple[Picture, ...]:
    """What of it stands in the copy."""
    return tuple(
        picture_of(one, (one.boxes or ()) if outside else None) for one in enclosed if one.usable
    )
