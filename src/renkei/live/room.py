"""One group in one rendering: who hears it, and how far everybody is."""

import time
from typing import Final
from uuid import UUID

from renkei.kernel.metrics import DELIVERIES
from renkei.kernel.wsgi_request import Message
from renkei.live.stream import FREE, Stream

UNKNOWN: Final = -1


class Room:
    """The streams of one group that get the same bytes.

    A stream is in exactly one of three places. ``live`` streams have got everything up
    to ``seq``. Streams ``ahead`` came with a later number than the room has reached.
    ``absent`` streams hear nothing for the moment, because they are catching up or are
    being asked about; each has its own position, UNKNOWN until it is placed.
    """

    __slots__ = (
        "absent",
        "ahead",
        "asked",
        "busy",
        "changes",
        "group",
        "heard",
        "live",
        "missed",
        "rendering",
        "seq",
        "target",
    )

    def __init__(self, group: UUID, rendering: str) -> None:
        self.group = group
        self.rendering = rendering
        self.seq = UNKNOWN
        self.target = UNKNOWN
        self.asked = UNKNOWN
        self.heard = 0.0
        self.live: set[Stream] = set()
        self.ahead: dict[Stream, int] = {}
        self.absent: dict[Stream, int] = {}
        self.changes: set[int] = set()
        self.missed: set[int] = set()
        self.busy = False

    @property
    def empty(self) -> bool:
        return not (self.live or self.ahead or self.absent)

    @property
    def wants_work(self) -> bool:
        """Whether there is something to read and to hand out."""
        return self.seq != UNKNOWN and (self.target > self.asked or bool(self.changes))

    def begin(self, seq: int) -> None:
        """The log is ``seq`` long; the first to say so says from where the room hears."""
        if self.seq == UNKNOWN:
            self.seq = self.asked = seq
        self.grown_to(seq)

    def grown_to(self, seq: int) -> None:
        """Take note of the log's length, and since when there is something to hand out."""
        if seq > self.target:
            if self.target <= self.asked:
                self.heard = time.monotonic()
            self.target = seq

    def settle(self, stream: Stream) -> bool:
        """Let an absent stream hear again; False if it must catch up first."""
        position = self.absent[stream]
        if stream.held != FREE or position < self.seq:
            return False
        del self.absent[stream]
        if position > self.seq:
            self.ahead[stream] = position
        else:
            self.live.add(stream)
        self.changes |= self.missed
        self._forget_missed()
        return True

    def deliver(self, seq: int, message: Message) -> list[Stream]:
        """Write message ``seq`` to all who have not got it; return those set aside."""
        aside = self._set_aside_held()
        DELIVERIES.inc(len(self.live))
        for stream in tuple(self.live):
            stream.write(message)
        for stream, position in tuple(self.ahead.items()):
            if position < seq:
                stream.write(message)
            if position <= seq:
                del self.ahead[stream]
                self.live.add(stream)
        self.seq = seq
        return aside

    def deliver_change(self, seq: int, message: Message) -> list[Stream]:
        """Write a change to all present; the absent get it when they are back."""
        aside = self._set_aside_held()
        if self.absent:
            self.missed.add(seq)
        for stream in (*self.live, *self.ahead):
            stream.write(message)
        return aside

    def mention(self, message: Message) -> None:
        """Write something that is in no order with the messages and not repeated."""
        placed = (stream for stream, position in self.absent.items() if position != UNKNOWN)
        for stream in (*self.live, *self.ahead, *placed):
            if stream.held == FREE:
                stream.write(message)

    def forget(self, stream: Stream) -> None:
        self.live.discard(stream)
        self.ahead.pop(stream, None)
        self.absent.pop(stream, None)
        self._forget_missed()

    def _set_aside_held(self) -> list[Stream]:
        """Make those absent who are being asked about; they will go on from where they are."""
        aside = [stream for stream in (*self.live, *self.ahead) if stream.held != FREE]
        for stream in aside:
            self.absent[stream] = self.ahead.pop(stream, self.seq)
            self.live.discard(stream)
        return aside

    def _forget_missed(self) -> None:
        if self.missed and not self.absent:
            self.missed.clear()
