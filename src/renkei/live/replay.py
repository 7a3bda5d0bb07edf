"""Bringing a stream that was away to where the others are."""

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from renkei.kernel.wsgi_request import Message
from renkei.live.room import Room
from renkei.live.stream import FREE, Stream, entry_event

if TYPE_CHECKING:
    from renkei.live.hub import Hub

log = logging.getLogger(__name__)

PAGE: Final = 100
RETRY_SECONDS: Final = 1.0

Page = tuple[int, list[tuple[int, Message]]]


class Replay:
    """Reads the log again for those who missed something, once for all who miss the same."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._pages: dict[tuple[Room, int], asyncio.Task[Page]] = {}

    async def catch_up(self, stream: Stream, room: Room) -> None:
        """Replay to an absent stream until it is where the others are.

        Ends when the stream hears again, is gone, or is being asked about: then
        whoever lets it hear again starts anew from where it stands.
        """
        while stream.held == FREE and stream in room.absent:
            if self._hub.settle(stream, room):
                return
            try:
                reached, rows = await self._shared(room, room.absent[stream])
            except Exception as error:
                log.warning("A replay must wait: %s", type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for seq, message in rows:
                if stream.held != FREE or room.absent.get(stream, seq) >= seq:
                    continue
                stream.write(message)
                room.absent[stream] = seq
                await stream.drained()
            if len(rows) < PAGE and stream.held == FREE and stream in room.absent:
                room.absent[stream] = max(room.absent[stream], reached)

    async def _shared(self, room: Room, after: int) -> Page:
        """A page of the log; streams that want the same page at the same time share it."""
        task = self._pages.get((room, after))
        if task is None:
            task = asyncio.get_running_loop().create_task(self._page(room, after))
            self._pages[room, after] = task
            task.add_done_callback(lambda _: self._pages.pop((room, after), None))
        return await asyncio.shield(task)

    async def _page(self, room: Room, after: int) -> Page:
        """Read a page; up to where the room was before, it leaves nothing out."""
        reached = room.seq
        rows = await self._hub.call(
            self._hub.backend.events, room.group, after, room.rendering, PAGE
        )
        return reached, [(seq, entry_event("message", room.group, seq, html)) for seq, html in rows]
