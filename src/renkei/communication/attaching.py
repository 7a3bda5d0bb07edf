"""Bringing what goes with a message: it arrives in pieces, is made ready, is answered for (A17).

Until it is posted it is one author's own; nobody else can see it. The standing is asked with every
piece. Nothing of this leaves a line: what is posted stands in the line of its message.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.attachments import ARRIVING, MOST, READY, item
from renkei.communication.making import Ready, make, make_pages, make_poster
from renkei.communication.models import Attachment
from renkei.files import arriving, store
from renkei.files.kinds import VIDEO
from renkei.files.scanning import Infected
from renkei.incident.opening import open_incident
from renkei.kernel.database import row
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.policy.standing import Actor, On, Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters
from renkei.region.edition import edition_of

INFECTED: Final = gettext_noop(
    "A virus was found in this file. It was removed, and your administrator has been told."
)
NAME: Final = 120  # characters of a file's name
KEPT_DAYS: Final = 7  # that nobody goes on with a draft's attachment
ARRIVING_DAYS: Final = 1


@dataclass(frozen=True, slots=True)
class Upload:
    """Something on its way in."""

    id: UUID
    group: UUID
    key: UUID
    size: int
    kind: str
    ready: bool

    @property
    def offset(self) -> int:
        """How many bytes have come.

        Raises:
            Unknown: there is no place for it any more.
        """
        return self.size if self.ready else arriving.offset(self.id, self.size)


# ── Arriving ─────────────────────────────────────────────────────────────────────────────────────


def begin_upload(actor: Actor, on: On, *, name: str, size: int) -> UUID:
    """Make the place for a file that is to come; its id.

    Raises:
        Problem: it is empty or too large, or there are too many already.
        OSError: it could not be written.
    """
    attachment = uuid7()
    try:
        _begin(actor, on, attachment=attachment, name=name, size=size)
    except BaseException:
        arriving.forget(attachment)
        raise
    return attachment


@use_case("attachment.add", on="group")
def _begin(change: Change, *, attachment: UUID, name: str, size: int) -> None:
    change.silent = True
    most, key = _megabytes(change), change.where.key
    assert key is not None
    if size <= 0:
        raise Problem(gettext_noop("This file is empty."), field="file")
    if size > most * 1_000_000:
        raise Problem(gettext_noop("This file is larger than %(n)s MB."), field="file", n=most)
    if _waiting(change) >= MOST:
        raise Problem(gettext_noop("Up to %(n)s files go with one message."), field="file", n=MOST)
    arriving.begin(key, attachment)
    made = Attachment(
        id=attachment, key_id=key, group_id=change.group, author_id=change.account, size=size,
        made_at=change.now,
    )  # fmt: skip
    made.name = made.sealed("name", clean_name(name))
    made.save(force_insert=True)


def _megabytes(change: Change) -> int:
    """What a file may have."""
    region = change.standing.who.region
    assert region is not None
    return int(parameters.of(edition_of(region))["file_megabytes"])


def _waiting(change: Change) -> int:
    """How many wait already to go with this person's next message."""
    found = row(
        "SELECT count(*) FROM communication_attachment"
        " WHERE group_id = %s AND author_id = %s AND communication_id IS NULL",
        [change.group.hex, change.account.hex],
    )
    assert found is not None
    return int(found[0])


def clean_name(name: str) -> str:
    """What a file is called, without folders and signs that turn the direction."""
    bare = clean_text(name).replace("\n", " ").replace("\\", "/").rpartition("/")[2].strip(" .")
    if len(bare) > NAME:
        stem, dot, ending = bare.rpartition(".")
        bare = f"{stem[: NAME - 10]}{dot}{ending[:9]}" if dot else bare[:NAME]
    return bare or "－"


@disclosure("attachment.change", on="attachment")
def see_upload(standing: Standing) -> Upload:
    """What is on its way, and under which key; asked before each piece of it."""
    attachment = standing.what.attachment
    assert attachment is not None
    found = row(
        "SELECT key_id, group_id, size, kind, state FROM communication_attachment WHERE id = %s",
        [attachment.id.hex],
    )
    assert found is not None
    where = standing.where
    assert where is not None and where.group is not None and where.key is not None
    return Upload(attachment.id, where.group, where.key, found[2], found[3], found[4] == READY)


def receive(actor: Actor, on: On, *, at: int, source: arriving.Source) -> int:
    """Take in what follows on byte ``at``; how many bytes have come now.

    Raises:
        OtherPlace, Busy, OSError: as ``arriving.receive``.
    """
    upload = see_upload(actor, on)
    if upload.ready:
        raise arriving.OtherPlace
    return arriving.receive(upload.key, upload.id, size=upload.size, at=at, source=source)


# ── Made ready ───────────────────────────────────────────────────────────────────────────────────


def prepare(actor: Actor, on: On) -> None:
    """Open what has come and make of it what is kept and shown; doing it twice is doing it once.

    No transaction is open meanwhile. What is not taken is taken away again.

    Raises:
        Problem: it is not taken, and why; or others are at it, then it stays.
    """
    upload = see_upload(actor, on)
    if upload.ready:
        return
    content = arriving.content(upload.key, upload.id, upload.size)
    try:
        ready = make(upload.key, content)
    except Infected as found:
        arriving.forget(_infected(actor, on, what=str(found)))
        raise Problem(INFECTED, field="file") from found
    except Problem as problem:
        if problem.field != "busy":
            remove(actor, on)
        raise
    if not _keep(actor, on, ready=ready):
        for file in ready.files:
            store.remove(file.id)
    arriving.forget(upload.id)


@use_case("attachment.change", on="attachment")
def _infected(change: Change, *, what: str) -> UUID:
    """It is removed, and their organization's administrators hear of it (A15.3)."""
    found = _mine(change)
    change.about("Attachment", found.id, infected=True)
    open_incident(
        change,
        kind="infected_file",
        severity="minor",
        account=change.account,
        device=change.standing.who.device,
        what=f"{what}（{item(found).name}）",
    )
    return _let_go(found)


@use_case("attachment.change", on="attachment")
def _keep(change: Change, *, ready: Ready) -> bool:
    change.silent = True
    found = _mine(change)
    if found.state != ARRIVING:
        return False
    found.state = READY
    _set(found, ready)
    found.kind, found.media, found.size = ready.kind, ready.media, ready.content.size
    found.seconds, found.codec = ready.seconds, ready.codec
    found.save()
    return True


def _mine(change: Change) -> Attachment:
    attachment = change.standing.what.attachment
    assert attachment is not None
    return Attachment.objects.get(pk=attachment.id)


def _set(found: Attachment, ready: Ready) -> None:
    """Put files in the place of those before."""
    before = [found.content_id, found.screens_id, found.thumbs_id]
    for file in ready.files:
        file.save(force_insert=True)
    found.content, found.screens, found.thumbs = ready.content, ready.screens, ready.thumbs
    found.views = ready.views
    found.save(update_fields=["content", "screens", "thumbs", "views"])
    for old in before:
        if old is not None and old not in (found.content_id, found.screens_id, found.thumbs_id):
            store.remove(old)


@disclosure("attachment.change", on="attachment")
def _kept(standing: Standing) -> Attachment:
    attachment = standing.what.attachment
    assert attachment is not None
    found = Attachment.objects.select_related("content").get(pk=attachment.id)
    if found.content is None:
        raise Unknown("attachment")
    return found


def pick_pages(actor: Actor, on: On, *, pages: list[int]) -> None:
    """Keep only these pages of a PDF, counted from 1; the others are gone for good (A17.2).

    Raises:
        Problem: none, or one that is not there.
    """
    found = _kept(actor, on)
    chosen = sorted(set(pages))
    if not chosen or not 1 <= chosen[0] <= chosen[-1] <= len(found.views):
        raise Problem(gettext_noop("Please choose the pages that are needed."), field="pages")
    ready = None if len(chosen) == len(found.views) else make_pages(found, chosen)
    _pick(actor, on, ready=ready, pages=len(found.views))


@use_case("attachment.change", on="attachment")
def _pick(change: Change, *, ready: Ready | None, pages: int) -> None:
    change.silent = True
    found = _mine(change)
    if len(found.views) != pages:
        raise Problem(gettext_noop("Please check once more."), field="pages")
    if ready is not None:
        _set(found, ready)
        found.size = ready.content.size
    found.picked = True
    found.save(update_fields=["size", "picked"])


def set_poster(actor: Actor, on: On, *, picture: bytes) -> None:
    """Give a film the picture that stands for it, made by the sender's browser.

    Raises:
        Problem: it is no film, or no picture.
    """
    found = _kept(actor, on)
    if found.kind != VIDEO:
        raise Problem(gettext_noop("Please check once more."))
    _poster(actor, on, ready=make_poster(found, picture))


@use_case("attachment.change", on="attachment")
def _poster(change: Change, *, ready: Ready) -> None:
    change.silent = True
    _set(_mine(change), ready)


# ── Taken away again ─────────────────────────────────────────────────────────────────────────────


def remove(actor: Actor, on: On) -> None:
    """Take away what was not posted; nothing of it stays."""
    arriving.forget(_remove(actor, on))


@use_case("attachment.change", on="attachment")
def _remove(change: Change) -> UUID:
    change.silent = True
    return _let_go(_mine(change))


def _let_go(found: Attachment) -> UUID:
    attachment, files = found.id, [found.content_id, found.screens_id, found.thumbs_id]
    found.delete()
    for file in files:
        if file is not None:
            store.remove(file)
    return attachment


def tidy_attachments(actor: Actor, on: On) -> int:
    """Remove what was begun and never posted; how many."""
    gone = _tidy(actor, on)
    for one in gone:
        arriving.forget(one)
    return len(gone)


@use_case("attachment.tidy", on="region")
def _tidy(change: Change) -> list[UUID]:
    change.silent = True
    waiting = Attachment.objects.filter(communication=None)
    late = [
        *waiting.filter(state=ARRIVING, made_at__lt=change.now - timedelta(days=ARRIVING_DAYS)),
        *waiting.filter(state=READY, made_at__lt=change.now - timedelta(days=KEPT_DAYS)),
    ]
    return [_let_go(one) for one in late]
