"""Messages apart from their log: what was found, pinned or bookmarked."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from renkei.communication import log, observations
from renkei.communication.entries import Faces
from renkei.communication.excerpt import Piece, excerpt
from renkei.communication.index.tokens import searched
from renkei.group.shell import GroupLine
from renkei.kernel.clock import from_us
from renkei.kernel.damage import DAMAGE
from renkei.kernel.database import id_of
from renkei.people.faces import Face

COLUMNS: Final = """
    t.id, t.key_id, t.group_id, t.seq, t.version, t.text, t.sent_at, t.sender_id, t.role_id, t.kind,
    t.importance,
    (SELECT COUNT(*) FROM communication_attachment f WHERE f.communication_id = t.id)"""
WIDTH: Final = 12
MEASURED: Final = ", t.measured"  # for who looks for one of the vital signs
SAID: Final = "t.event = '' AND t.withdrawn_at IS NULL"  # what may be shown apart from its log


class Hit(NamedTuple):
    """A message in which everything was found."""

    id: UUID
    group: GroupLine
    seq: int
    author: Face
    kind: str
    importance: str
    sent_us: int
    pieces: list[Piece]
    whole: bool  # the pieces are all of the text, and no file goes with it
    files: int

    @property
    def sent_at(self) -> datetime:
        """When it was said."""
        return from_us(self.sent_us)


class Opened(NamedTuple):
    """A message that was opened and holds everything."""

    id: UUID
    sent_us: int
    text: str
    found: tuple[Any, ...]  # ``COLUMNS``


class Opening:
    """Makes hits of rows, for one answer."""

    def __init__(
        self, lines: Iterable[GroupLine], parts: Sequence[Sequence[str]] = (), *, vital: str = ""
    ) -> None:
        """Take the groups the person may see, and what has to stand in a message.

        Args:
            parts: the words, each in the ways to say it, one of which is enough.
            vital: what has to have been measured with it; ``MEASURED`` comes after ``COLUMNS``.
        """
        self._vital = vital
        self._lines = {line.id: line for line in lines}
        self._parts = parts
        self._words = [word for part in parts for word in part]
        self._faces = Faces([])

    def hit(self, found: tuple[Any, ...]) -> Hit | None:
        """The message of ``COLUMNS``; None if it does not open, or a word is not in it."""
        opened = self.open(found)
        return self.shown(opened) if opened else None

    def open(self, found: tuple[Any, ...]) -> Opened | None:
        """The same, but not yet as it is shown: of many that are opened few are."""
        if id_of(found[2]) not in self._lines:
            return None
        message, key = id_of(found[0]), id_of(found[1])
        try:
            if self._vital and not self._measured(key, message, found[4], found[WIDTH]):
                return None
            text = log.unseal(key, message, found[4], found[5])
        except DAMAGE:
            return None
        compared = searched(text)
        if not all(any(word in compared for word in part) for part in self._parts):
            return None
        return Opened(message, found[6], text, found)

    def _measured(self, key: UUID, message: UUID, version: int, sealed: bytes) -> bool:
        """Whether it brings the one that is looked for."""
        observed = observations.unseal(key, message, version, sealed)
        return observed is not None and self._vital in observed.values

    def shown(self, opened: Opened) -> Hit:
        """With what was found marked, and who said it."""
        found = opened.found
        pieces, whole = excerpt(opened.text, self._words)
        return Hit(
            id=opened.id,
            group=self._lines[id_of(found[2])],
            seq=found[3],
            author=self._faces.author(found[7], found[8]),
            kind=found[9],
            importance=found[10],
            sent_us=found[6],
            pieces=pieces,
            whole=whole and not found[11],
            files=found[11],
        )
