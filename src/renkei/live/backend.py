"""What the live server asks of the program behind it."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol
from uuid import UUID


class Listener(NamedTuple):
    """Who listens, and to what, as far as is known at the moment of asking."""

    session: str
    account: UUID
    groups: dict[UUID, int]
    """The groups that may be heard, each with the number of its last message."""
    until: float
    """The unix time at which the question must be asked again."""
    rendering: str
    """Which of the few forms of a message this listener gets, for instance ``ja``."""
    band: str = ""
    """What stands on all pages of this listener besides: the same word while it is the same."""


class Backend(Protocol):
    """Reads for the live server; every method is called in a thread and may raise."""

    def admit(self, cookie: str) -> Listener | None:
        """Say who sends this Cookie header and what they may hear; None if nothing."""

    def events(self, group: UUID, after: int, rendering: str, limit: int) -> list[tuple[int, str]]:
        """The first ``limit`` messages after number ``after`` as (number, html), ascending."""

    def event(self, group: UUID, seq: int, rendering: str) -> str | None:
        """One message as it is now; None if there is nothing to show."""

    def replayed(self, cookie: str, ranges: Mapping[UUID, tuple[int, int]]) -> None:
        """Put on record which past messages (first, last) are about to be sent to who sent it."""

    def positions(self, groups: Collection[UUID]) -> dict[UUID, int]:
        """The number of the last message of each group."""

    def epoch(self) -> tuple[int, int]:
        """Two numbers: one differs after any commit, one after a standing may have ended."""
