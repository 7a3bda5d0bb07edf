"""Asking again who may hear, whenever that may have changed.

A stream in question is held: nothing of any group is written to it until the answer
is there, and afterwards it catches up on what it may hear. Few are asked at a time,
and those for whom something waits come first.
"""

import logging
import time
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from renkei.live.backend import Listener
from renkei.live.room import UNKNOWN
from renkei.live.stream import ASKING, FREE, WAITING, Stream, event

if TYPE_CHECKING:
    from renkei.live.hub import Hub

log = logging.getLogger(__name__)

AT_A_TIME: Final = 4


class Standing:
    """The queue of streams to be asked about."""

    def __init__(self, hub: "Hub") -> None:
        self.changes = 0
        """How often something has happened; tells an answer that may be out of date."""
        self._hub = hub
        self._first: deque[Stream] = deque()
        self._waiting: deque[Stream] = deque()
        self._failed: list[Stream] = []
        self._workers = 0

    def changed(self, streams: Iterable[Stream], *, at_once: bool = False) -> None:
        """Something has happened: hold these streams and ask about each."""
        self.changes += 1
        self.hold(streams, at_once=at_once)

    def hold(self, streams: Iterable[Stream], *, at_once: bool = False) -> None:
        """Let these streams hear nothing until each was asked about."""
        for stream in streams:
            stream.holds += 1
            if stream.held == FREE:
                stream.held = WAITING
                (self._first if at_once else self._waiting).append(stream)
            elif stream.held == WAITING and at_once:
                self._first.append(stream)
        self._employ()

    def first(self, streams: Iterable[Stream]) -> None:
        """Something waits for these held streams: ask about them before all others."""
        self._first.extend(stream for stream in streams if stream.held == WAITING)
        self._employ()

    def retry(self) -> None:
        """Ask again about those for whom there was no answer."""
        failed, self._failed = self._failed, []
        self._waiting.extend(failed)
        self._employ()

    async def admit(self, cookie: bytes) -> Listener | None:
        """The backend's answer; one whose time is already over is none."""
        hub = self._hub
        listener = await hub.call(hub.backend.admit, cookie.decode("latin-1"))
        return listener if listener and listener.until > time.time() else None

    async def ask(self, stream: Stream) -> None:
        """Ask about one held stream, again if something happened meanwhile, and act on it."""
        stream.held = ASKING
        holds = -1
        while holds != stream.holds and not stream.ended:
            holds = stream.holds
            try:
                listener = await self.admit(stream.cookie)
            except Exception as error:
                log.warning("A standing could not be asked: %s", type(error).__name__)
                stream.held = WAITING
                self._failed.append(stream)
                return
        if not stream.ended:
            self._apply(stream, listener)

    def _employ(self) -> None:
        while self._workers < min(AT_A_TIME, len(self._first) + len(self._waiting)):
            self._workers += 1
            self._hub.spawn(self._work())

    async def _work(self) -> None:
        try:
            while (stream := self._next()) is not None:
                await self.ask(stream)
        finally:
            self._workers -= 1

    def _next(self) -> Stream | None:
        while self._first or self._waiting:
            stream = (self._first or self._waiting).popleft()
            if stream.held == WAITING and not stream.ended:
                return stream
        return None

    def _apply(self, stream: Stream, listener: Listener | None) -> None:
        """Let the stream hear what it may hear now, and only that."""
        if listener is None or not _same(stream, listener):
            self._hub.end(stream, "standing")
            return
        self._lose(stream, listener)
        if stream.ended:
            return
        stream.until = listener.until
        if stream.band != listener.band:
            stream.band = listener.band
            stream.write(event("band", {"band": stream.band}))
        stream.held = FREE
        for room in stream.rooms:
            placed = room.absent.get(stream, UNKNOWN) != UNKNOWN
            if placed and not self._hub.settle(stream, room):
                self._hub.spawn(self._hub.replay.catch_up(stream, room))
        self._gain(stream, listener)

    def _lose(self, stream: Stream, listener: Listener) -> None:
        lost = [room for room in stream.rooms if room.group not in listener.groups]
        if lost and stream.backlog is not None:
            # What waits to be sent may be of a group that is lost.
            stream.cut()
            self._hub.leave(stream)
            return
        for room in lost:
            self._hub.part(stream, room)
            stream.write(event("gone", {"group": room.group}))

    def _gain(self, stream: Stream, listener: Listener) -> None:
        have = {room.group for room in stream.rooms}
        gained = [group for group in listener.groups if group not in have]
        for group in gained:
            room = self._hub.join(stream, group)
            seq = room.absent[stream] = listener.groups[group]
            room.begin(seq)
            stream.write(event("joined", {"group": group, "seq": seq}))
            self._hub.spawn(self._hub.replay.catch_up(stream, room))
        if gained:
            # A log may have grown between the answer and the joining.
            self._hub.spawn(self._hub.compare(gained))


def _same(stream: Stream, listener: Listener) -> bool:
    """Whether it is still the same person in the same session, reading the same way."""
    return (stream.session, stream.account, stream.rendering) == (
        listener.session,
        listener.account,
        listener.rendering,
    )
