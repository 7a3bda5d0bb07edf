"""Looking at attachments: never by downloading them (A15.5), and on record (N3.11).

A picture or a page leaves this server as a picture of the screen's size, with the name of who looks
at it, their organization and the time burnt into it; a film in parts of a megabyte, before each of
which the standing is asked anew. What is kept itself does not leave here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from renkei.communication.attachments import Item, items
from renkei.communication.models import Attachment, Viewing
from renkei.files import store
from renkei.files.kinds import OFFICE, VIDEO
from renkei.files.models import File
from renkei.group.head import Head, head
from renkei.kernel import clock
from renkei.kernel.database import row
from renkei.kernel.errors import Unknown
from renkei.paperwork.stamp import stamped
from renkei.people.faces import OF_FAMILY, Face, name_of
from renkei.people.models import Account, Organization
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import disclosure, own_record
from renkei.region.models import Region


@dataclass(frozen=True, slots=True)
class Viewer:
    """One attachment, to be looked at."""

    head: Head
    item: Item
    seq: int | None  # the number of its message; None while it is not posted
    author: Face | None
    name: str  # who looks
    organization: str
    now: datetime
    # what stands in an office document: "blocks", and whether there is "more"
    words: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Shown:
    """An attachment that the rule allowed, and who looks at it."""

    attachment: Attachment
    standing: Standing
    name: str
    organization: str


def _one(standing: Standing) -> Attachment:
    attachment = standing.what.attachment
    assert attachment is not None
    with_files = Attachment.objects.select_related("content", "screens", "thumbs")
    return with_files.get(pk=attachment.id)


def _who(standing: Standing) -> tuple[str, str]:
    """The name of who looks, and for whom they work in this group; of the family, that they are."""
    account, region = standing.who.account, standing.who.region
    assert account is not None and region is not None
    if standing.who.family:
        return name_of(Account.objects.get(pk=account)), OF_FAMILY
    where = standing.where
    member = where.member if where else None
    organization = member.organization if member else standing.who.organization
    if organization is not None:
        works = Organization.objects.values_list("name", flat=True).get(pk=organization)
    else:
        works = Region.objects.values_list("operator_name", flat=True).get(pk=region)
    return name_of(Account.objects.get(pk=account)), works


@disclosure("attachment.see", on="attachment")
def _shown(standing: Standing) -> _Shown:
    return _Shown(_one(standing), standing, *_who(standing))


@disclosure("attachment.see", on="attachment")
def _viewer(standing: Standing) -> tuple[Viewer, Standing]:
    one = _one(standing)
    top = head(standing)
    seq = None
    if one.communication_id is not None:
        found = row(
            "SELECT seq FROM communication_communication WHERE id = %s", [one.communication_id.hex]
        )
        seq = found[0] if found else None
    author = next((line.face for line in top.members if line.face.account == one.author_id), None)
    name, organization = _who(standing)
    seen = items(pk=one.id)[0]
    return Viewer(top, seen, seq, author, name, organization, clock.now(), _words(one)), standing


def _words(one: Attachment) -> dict[str, Any]:
    if one.kind != OFFICE or one.screens is None:
        return {}
    found: dict[str, Any] = orjson.loads(b"".join(store.read(one.screens)))
    return found


def see_attachment(actor: Actor, attachment: UUID) -> Viewer:
    """One attachment with what is known of it; its opening is on record before this returns."""
    viewer, standing = _viewer(actor, attachment)
    _record(standing, viewer.item.id, viewer.item.author)
    return viewer


def _record(standing: Standing, attachment: UUID, author: UUID) -> None:
    """A line in the reader's own stream the first time they open what is somebody else's."""
    account = standing.who.account
    known = Viewing.objects.filter(attachment=attachment, account=account)
    if account == author or account is None or known.exists():
        return
    with own_record(standing, "attachment.see", f"Attachment/{attachment.hex}") as change:
        where = standing.where
        assert where is not None and where.group is not None
        change.detail["group"] = where.group.hex
        _, new = Viewing.objects.get_or_create(
            attachment_id=attachment, account_id=account, defaults={"at": change.now}
        )
        change.silent = not new


def see_page(actor: Actor, attachment: UUID, number: int) -> bytes:
    """One page as JPEG of the screen's size, stamped with who looks at it and when.

    Raises:
        Unknown: there is no such page.
    """
    shown = _shown(actor, attachment)
    one = shown.attachment
    picture = _part(one, one.screens, number, 2)
    _record(shown.standing, one.id, one.author_id)
    return stamped(picture, shown.name, shown.organization, clock.now())


def see_thumb(actor: Actor, attachment: UUID, number: int) -> bytes:
    """One page, small, as it stands beside its message.

    Raises:
        Unknown: there is no such page.
    """
    one = _shown_small(actor, attachment)
    return _part(one, one.thumbs, number, 4)


@disclosure("attachment.see", on="attachment")
def _shown_small(standing: Standing) -> Attachment:
    return _one(standing)


def _part(one: Attachment, file: File | None, number: int, at: int) -> bytes:
    if file is None or not 1 <= number <= len(one.views):
        raise Unknown("page")
    start, length = one.views[number - 1][at : at + 2]
    return b"".join(store.read(file, start, start + length))


@dataclass(frozen=True, slots=True)
class Film:
    """A film, of which parts are read."""

    file: File
    media: str

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Its bytes from one place up to another."""
        return store.read(self.file, start, end)


def see_film(actor: Actor, attachment: UUID) -> Film:
    """A film; asked again for every part that is played.

    Raises:
        Unknown: it is none.
    """
    shown = _shown(actor, attachment)
    one = shown.attachment
    if one.kind != VIDEO or one.content is None:
        raise Unknown("film")
    _record(shown.standing, one.id, one.author_id)
    return Film(one.content, one.media)
