"""The files of a group (資料): what was posted, and the papers about its patient."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from renkei.communication.attachments import READY, Item, items
from renkei.communication.entries import Faces
from renkei.communication.models import Attachment
from renkei.group.head import Head, head
from renkei.kernel.clock import begins
from renkei.patient.consents import ConsentLine, consents_of
from renkei.people.faces import Face
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure

PAGE: Final = 60  # attachments


@dataclass(frozen=True, slots=True)
class Filed:
    """An attachment with who brought it and where it stands in the log."""

    item: Item
    author: Face
    seq: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Files:
    """What there is in a group."""

    head: Head
    filed: list[Filed]  # newest first
    more: int | None  # the number of the message to go on with
    authors: list[Face]  # who has posted anything
    consents: list[ConsentLine]  # papers about the patient; in the professionals' group alone


@disclosure("group.see", on="group", opens="basics")
def see_files(
    standing: Standing,
    *,
    kind: str = "",
    author: UUID | None = None,
    month: date | None = None,
    before: int | None = None,
) -> Files:
    """What was posted in the group and not withdrawn, and the papers about its patient.

    Args:
        kind: of ``files.kinds``; ``month``: its first day; ``before``: below this message.
    """
    top = head(standing)
    faces = Faces(top.members)
    posted = _posted(top.group)
    found = posted.filter(**({"kind": kind} if kind else {}))
    if author is not None:
        found = found.filter(author=author)
    if month is not None:
        found = found.filter(**_within(month))
    if before is not None:
        found = found.filter(communication__seq__lt=before)
    places = list(
        found.order_by("-communication__seq", "number").values_list(
            "pk", "communication__seq", "communication__sent_at"
        )[: PAGE + 1]
    )
    more = None
    if len(places) > PAGE:  # what goes with one message stays together
        last = places[PAGE][1]
        places = [one for one in places if one[1] > last] or places[:PAGE]
        more = places[-1][1]
    by_id = {one.id: one for one in items(pk__in=[one[0] for one in places])} if places else {}
    who = posted.order_by().values_list("author", flat=True).distinct() if places or author else ()
    return Files(
        top,
        [Filed(by_id[pk], faces.author(by_id[pk].author, None), *at) for pk, *at in places],
        more,
        sorted((faces.author(one, None) for one in who), key=lambda one: one.kana),
        consents_of(top.patient) if top.patient and top.kind == "patient" else [],
    )


def _posted(group: UUID) -> Any:
    return Attachment.objects.filter(
        group=group,
        state=READY,
        communication__isnull=False,
        communication__withdrawn_at=None,
    )


def _within(month: date) -> dict[str, datetime]:
    """Said within a month, as it is counted in Japan."""
    year, number = divmod(month.year * 12 + month.month, 12)
    end = date(year, number + 1, 1)
    first, after = map(begins, (month.replace(day=1), end))
    return {"communication__sent_at__gte": first, "communication__sent_at__lt": after}
