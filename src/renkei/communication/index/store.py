"""What an index can do, whichever database keeps it."""

from array import array
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from renkei.communication.following import Cursors, News

FORMAT: Final = 2  # another number, and the index is made anew


class Indexed(NamedTuple):
    """What the index keeps of a message; nothing of one that is not to be found."""

    sent_us: int
    tokens: "array[int]"


Candidate = tuple[UUID, int]
"""A group and the number of an entry in which all that was asked for may stand."""


class Store(Cursors, Protocol):
    """An index of messages, with the cursors of the follower that keeps it."""

    def begin(self) -> None:
        """See that there is an index of today's form, and of this very history."""

    def reading(self, news: News) -> list[int]:
        """Which entries have to be read so that the index can be brought up to date."""

    def put(self, news: News, entries: Mapping[int, Indexed]) -> None:
        """Keep what these entries hold now; what was read and is not among them goes."""

    def candidates(
        self, wanted: Mapping[UUID, "array[int]"]
    ) -> Iterator[tuple[list[Candidate], int]]:
        """Where all the tokens stand, newest first by and by.

        Args:
            wanted: the tokens by group.

        Returns:
            Entries, and a moment in microseconds: nothing that comes later is newer.
        """

    def positions(self, groups: Collection[UUID]) -> dict[UUID, int]:
        """Up to which entry each of the groups is in the index."""

    def forget(self, groups: Collection[UUID]) -> None:
        """Let nothing of these groups be left."""

    def clear(self) -> None:
        """Begin with nothing, so that all is taken anew."""
