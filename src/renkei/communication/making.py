"""What becomes of a file that has come: what is kept of it, and how it is shown.

Nothing here is within a transaction; the files are durable before their rows are saved.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.models import Attachment
from renkei.files import films, kinds, office, opening, scanning, store
from renkei.files.arriving import Come
from renkei.files.models import File
from renkei.kernel.errors import Problem

_PIECE = 1_048_576


@dataclass(frozen=True, slots=True)
class Ready:
    """Files written and durable, whose rows are to be saved."""

    kind: str
    media: str
    content: File
    screens: File | None = None
    thumbs: File | None = None
    views: list[list[int]] = field(default_factory=list)
    seconds: int = 0
    codec: str = ""
    files: tuple[File, ...] = ()  # those of them that are new: their rows are not saved yet


def make(key: UUID, content: Come) -> Ready:
    """What is kept and shown of what has come.

    Raises:
        Problem: it is not taken, and why; ``field`` is "busy" if it may be tried again.
        Infected: a virus was found in it.
    """
    kind, media = kinds.type_of(content.part(0, kinds.FIRST))
    scanning.check(content.read())
    if kind == kinds.VIDEO:
        return _film(key, content, media)
    with opening.turn():
        whole = b"".join(content.read())
        if kind == kinds.OFFICE:
            media = office.look(whole)
            words = opening.office(whole, kinds.ending_of(media)).screens
            kept, said = store.write(key, _pieces(whole)), store.write(key, [words])
            return Ready(kind, media, kept, said, files=(kept, said))
        if kind == kinds.PDF:
            return _written(key, kind, media, opening.pdf(whole))
        return _written(key, kind, "image/jpeg", opening.picture(whole, media))


def _film(key: UUID, content: Come, media: str) -> Ready:
    """A film without its notes; it is never opened here, its boxes alone are read."""
    found = films.look(content)
    kept = store.write(key, films.without_notes(content, found))
    return Ready(kinds.VIDEO, media, kept, seconds=found.seconds, codec=found.codec, files=(kept,))


def _written(key: UUID, kind: str, media: str, made: opening.Made) -> Ready:
    kept, screens, thumbs = (
        store.write(key, _pieces(one)) for one in (made.kept, made.screens, made.thumbs)
    )
    files = (kept, screens, thumbs)
    return Ready(kind, media, *files, made.views, files=files)


def _pieces(content: bytes) -> Iterable[bytes]:
    return (content[at : at + _PIECE] for at in range(0, len(content), _PIECE))


def kept_bytes(found: Attachment) -> Iterator[bytes]:
    """The content of what is kept."""
    assert found.content is not None
    return store.read(found.content)


def make_pages(found: Attachment, pages: list[int]) -> Ready:
    """The same PDF with these pages alone, counted from 1."""
    if found.kind != kinds.PDF:
        raise Problem(gettext_noop("Please choose the pages that are needed."), field="pages")
    with opening.turn():
        made = opening.pdf(b"".join(kept_bytes(found)), [page - 1 for page in pages])
        return _written(found.key_id, found.kind, found.media, made)


def make_poster(found: Attachment, picture: bytes) -> Ready:
    """The same film with a picture that stands for it."""
    kind, media = kinds.type_of(picture[: kinds.FIRST])
    if kind != kinds.PICTURE:
        raise Problem(gettext_noop("Please check once more."))
    with opening.turn():
        made = opening.picture(picture, media)
    assert found.content is not None
    screens = store.write(found.key_id, _pieces(made.screens))
    thumbs = store.write(found.key_id, _pieces(made.thumbs))
    files = (screens, thumbs)
    return Ready(found.kind, found.media, found.content, *files, made.views, files=files)
