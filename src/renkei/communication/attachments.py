"""Attachments opened, as everybody is shown them, and what keeps one from being posted.

For disclosures, posting and the live stream, whose own rules have been asked already.
"""

from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

import orjson
from django.utils.translation import gettext_noop

from renkei.communication.models import Attachment
from renkei.files.kinds import OFFICE, PDF, PICTURE, VIDEO
from renkei.kernel.damage import DAMAGE, word
from renkei.kernel.errors import Problem
from renkei.kernel.sealed import digest
from renkei.region.models import Issuer

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST: Final = 20  # attachments of one message
PICTURES: Final = (PICTURE, VIDEO)  # of which is asked who agreed (A17.1)
DOCUMENTS: Final = (PDF, OFFICE)  # of which is asked whose they are (A17.2)
_WITH = ("source_organization", "source_issuer")
READY, ARRIVING = Attachment.State.READY, Attachment.State.ARRIVING
Source = Attachment.Source


class Consent(NamedTuple):
    """Who agreed that a picture is posted, how and when (A17.1)."""

    who: str  # "patient", "family" or "proxy"
    how: str  # "words" or "paper"
    at: datetime


class Item(NamedTuple):
    """An attachment as it is shown."""

    id: UUID
    message: UUID | None
    author: UUID
    kind: str
    media: str
    name: str  # a word in its place where it does not open
    size: int
    views: list[list[int]]  # width, height; place and length among the screens and the thumbs
    seconds: int
    codec: str
    ready: bool
    shows: bool | None
    consent: Consent | None
    source: str
    source_name: str  # of the organization it comes from; empty for one's own
    picked: bool
    made_at: datetime

    @property
    def pages(self) -> int:
        """How many pages it shows."""
        return len(self.views)


def items(**which: Any) -> list[Item]:
    """Those attachments, in the order of their messages and in these of their places."""
    found = Attachment.objects.filter(**which).select_related(*_WITH)
    return [item(one) for one in found.order_by("communication", "number", "pk")]


def item(one: Attachment) -> Item:
    """An attachment, opened."""
    return Item(
        one.id,
        one.communication_id,
        one.author_id,
        one.kind,
        one.media,
        _opened(one, "name"),
        one.size,
        one.views,
        one.seconds,
        one.codec,
        one.state == READY,
        one.shows,
        _consent(one),
        one.source,
        source_name(one),
        one.picked,
        one.made_at,
    )


def _opened(one: Attachment, column: str) -> Any:
    try:
        field: Any = one._meta.get_field(column)
        return field.opened(getattr(one, column), one.key_id, one.id)
    except DAMAGE as found:
        return word(found)


def _consent(one: Attachment) -> Consent | None:
    if one.consent is None:
        return None
    said = _opened(one, "consent")
    if not isinstance(said, dict):
        return None
    return Consent(said["who"], said["how"], datetime.fromisoformat(said["at"]))


def source_name(one: Attachment) -> str:
    """What the organization is called that a document comes from."""
    if one.source == Source.ORGANIZATION and one.source_organization is not None:
        return one.source_organization.name
    if one.source == Source.ISSUER and one.source_issuer is not None:
        return one.source_issuer.name
    said = _opened(one, "source_said") if one.source_said is not None else {}
    return str(said.get("name", "")) if isinstance(said, dict) else str(said)


def unanswered(group: UUID, author: UUID, kind: str) -> "QuerySet[Attachment]":
    """What of an author's waits in a group for the answer that one of this kind needs (A17)."""
    mine = Attachment.objects.filter(group=group, author=author, communication=None, state=READY)
    if kind in PICTURES:
        return mine.filter(kind__in=PICTURES, shows=None)
    return mine.filter(kind__in=DOCUMENTS, source=Source.UNSAID)


def last_consent(group: UUID) -> Consent | None:
    """The consent to the picture that was last posted in the group."""
    posted = Attachment.objects.filter(
        group=group, communication__isnull=False, consent__isnull=False
    )
    found = posted.order_by("-communication__seq", "-number").first()
    return item(found).consent if found else None


# ── What keeps one from being posted (A17) ───────────────────────────────────────────────────────

NOT_THERE = gettext_noop("A file that you attached is not there any more. Please attach it again.")
NOT_READY = gettext_noop("A file is still on its way. Please wait a moment.")
NOT_ANSWERED = gettext_noop("Please answer for each photo whether somebody or the home is in it.")
NO_CONSENT = gettext_noop("Please answer who agreed to the photo.")
NO_PATIENTS = gettext_noop(
    "Pictures of patients, their families and homes do not belong into this group."
)
NO_SOURCE = gettext_noop("Please answer whose document it is.")
FORBIDDEN = gettext_noop(
    "%(name)s does not allow its documents to be posted. Please tell the team by words."
)
NOT_ASKED = gettext_noop("Please ask %(name)s first, and write down the answer.")
NOT_PICKED = gettext_noop("Please choose the pages that are needed.")


def check(one: Attachment, *, patients: bool) -> None:
    """See that everything is answered that has to be (A17.1, A17.2).

    Args:
        patients: the group is about a patient.

    Raises:
        Problem: something is not, or is not allowed.
    """
    if one.state != READY:
        raise Problem(NOT_READY, field="attachments")
    if one.kind in PICTURES:
        _check_picture(one, patients)
    if one.kind in DOCUMENTS or one.source:
        check_source(one)
    foreign = one.source not in (Source.UNSAID, Source.OWN)
    if foreign and one.kind == PDF and len(one.views) > 1 and not one.picked:
        raise Problem(NOT_PICKED, field="attachments")


def _check_picture(one: Attachment, patients: bool) -> None:
    if one.shows is None:
        raise Problem(NOT_ANSWERED, field="attachments")
    if one.shows and not patients:
        raise Problem(NO_PATIENTS, field="attachments")
    if one.shows and one.consent is None:
        raise Problem(NO_CONSENT, field="attachments")


def check_source(one: Attachment) -> None:
    """See that the organization it comes from is named, and allows it (A17.2).

    Raises:
        Problem: it is not named, does not allow it, or was not asked.
    """
    if one.source == Source.UNSAID:
        raise Problem(NO_SOURCE, field="attachments")
    if one.source == Source.OWN:
        return
    name, answer = source_name(one), _their_answer(one)
    if answer == Issuer.Answer.NO:
        raise Problem(FORBIDDEN, field="attachments", name=name)
    said = one.unseal("source_said") or {}
    if answer != Issuer.Answer.YES and said.get("answer") != "yes":
        raise Problem(NOT_ASKED, field="attachments", name=name)


def _their_answer(one: Attachment) -> str:
    """Whether they allow it: what the network's organization set, or the register says."""
    if one.source == Source.ORGANIZATION and one.source_organization is not None:
        return one.source_organization.documents_policy
    issuer = one.source_issuer
    if one.source == Source.ISSUER and issuer is not None and issuer.removed_at is None:
        return str(issuer.answer)
    return Issuer.Answer.ASK  # nobody knows


def ready_to_go(
    group: UUID, author: UUID, ids: tuple[UUID, ...], *, patients: bool
) -> list[Attachment]:
    """An author's attachments that wait in a group, in this order.

    Raises:
        Problem: one is not there, or something about it is not answered.
    """
    mine = Attachment.objects.filter(group=group, author=author, communication=None)
    found = mine.select_related("content", "screens", "thumbs", *_WITH).in_bulk(ids)
    if len(found) != len(ids):
        raise Problem(NOT_THERE, field="attachments")
    going = [found[one] for one in ids]
    for one in going:
        check(one, patients=patients)
    return going


def names_of(group: UUID, author: UUID, ids: tuple[UUID, ...]) -> list[str]:
    """What the author called these files; those that are not there are named by nobody."""
    mine = Attachment.objects.filter(group=group, author=author, pk__in=ids)
    return [_opened(one, "name") for one in mine]


def take_along(
    message: UUID, group: UUID, author: UUID, ids: tuple[UUID, ...], *, patients: bool
) -> list[list[str | None]]:
    """Make attachments part of a message; what its line commits to.

    Each is told by its id, the hashes of the files it has - kept, screens, thumbs - and one of
    everything else that is known of it.

    Raises:
        Problem: one is not there, or something about it is not answered.
    """
    told = []
    going = ready_to_go(group, author, ids, patients=patients)
    for number, one in enumerate(going, start=1):
        one.communication_id, one.number = message, number
        one.save(update_fields=["communication", "number"])
        told.append(committed(one))
    return told


def committed(one: Attachment) -> list[str | None]:
    """What a line says of an attachment, so that nobody changes it unseen."""
    files = [file.sha256 if file else None for file in (one.content, one.screens, one.thumbs)]
    return told(
        one.id.hex,
        files,
        [one.name, one.consent, one.source_said],
        [one.kind, one.media, one.codec, one.source, one.size, one.seconds],
        [one.shows, one.picked],
        [one.source_organization_id, one.source_issuer_id],
        one.views,
    )


def told(
    attachment: str,
    files: list[str | None],
    sealed: list[Any],
    facts: list[Any],
    yes: list[Any],
    ids: list[Any],
    views: Any,
) -> list[str | None]:
    """The same from columns, as they stand in either database."""
    said = [
        [None if one is None else digest(one) for one in sealed],
        facts,
        [None if one is None else bool(one) for one in yes],
        [one if one is None or isinstance(one, str) else one.hex for one in ids],
        views,
    ]
    return [attachment, *files, sha256(orjson.dumps(said)).hexdigest()]
