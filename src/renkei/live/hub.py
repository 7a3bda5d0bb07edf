"""Who hears what: the streams, the rooms they listen to, and how a hint becomes bytes.

Everything here runs on one event loop; the backend is called in a few threads. What
must not be forgotten: between an ``await`` and the next write anything may have
changed, so each write looks at where the stream stands at that moment.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar
from uuid import UUID

from renkei.kernel import metrics
from renkei.kernel.bus import Bus, Hint, Unsubscribe
from renkei.live.backend import Backend, Listener
from renkei.live.replay import PAGE, Replay
from renkei.live.room import UNKNOWN, Room
from renkei.live.standing import Standing
from renkei.live.stream import Stream, entry_event, event
from renkei.live.watch import Watch

log = logging.getLogger(__name__)

THREADS: Final = 6
STREAMS_PER_SESSION: Final = 8

P = ParamSpec("P")
T = TypeVar("T")


class Hub:
    """All streams of this process."""

    def __init__(self, backend: Backend, bus: Bus) -> None:
        self.backend = backend
        self.rooms: dict[UUID, dict[str, Room]] = {}
        self.streams: dict[Stream, None] = {}
        self.stopping = False
        self.standing = Standing(self)
        self.replay = Replay(self)
        self._bus = bus
        self._watch = Watch(self)
        self._accounts: dict[UUID, list[Stream]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool: ThreadPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsubscribe: Unsubscribe | None = None

    # Beginning and end

    def start(self) -> None:
        """Begin to listen to the bus; calling it again does nothing."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="live")
            self._unsubscribe = self._bus.subscribe(self._heard)
            self.spawn(self._watch.run())

    async def stop(self) -> None:
        """Say goodbye to all streams and stop; calling it again does nothing."""
        self.stopping = True
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for stream in tuple(self.streams):
            self.end(stream, "stop")
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside, for nobody's request; it is not lost, and it ends with the hub."""
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def call(self, function: Callable[P, T], *args: P.args, **_: P.kwargs) -> T:
        """Ask the backend in one of our threads."""
        assert self._loop is not None
        work = partial(copy_context().run, function, *args)  # the thread logs with our id
        return await self._loop.run_in_executor(self._pool, work)

    # Streams come and go

    def enter(self, stream: Stream, listener: Listener) -> None:
        """Make the stream known, so that hints reach it; it hears nothing until placed."""
        stream.session, stream.account = listener.session, listener.account
        stream.rendering, stream.until = listener.rendering, listener.until
        stream.band = listener.band
        self.streams[stream] = None
        metrics.STREAMS.inc()
        mine = self._accounts.setdefault(listener.account, [])
        tabs = [other for other in mine if other.session == listener.session]
        if len(tabs) >= STREAMS_PER_SESSION:
            self.end(tabs[0], "many")
        mine.append(stream)
        for group in listener.groups:
            self.join(stream, group)

    def join(self, stream: Stream, group: UUID) -> Room:
        """Register the stream with a group, at a position yet unknown."""
        renderings = self.rooms.setdefault(group, {})
        room = renderings.get(stream.rendering)
        if room is None:
            room = renderings[stream.rendering] = Room(group, stream.rendering)
            metrics.ROOMS.inc()
        room.absent[stream] = UNKNOWN
        stream.rooms.append(room)
        return room

    def part(self, stream: Stream, room: Room) -> None:
        """Let the stream hear nothing more of this group."""
        stream.rooms.remove(room)
        self._vacate(stream, room)

    def leave(self, stream: Stream) -> None:
        """Forget the stream; calling it again does nothing."""
        stream.ended = True
        if stream not in self.streams:
            return
        del self.streams[stream]
        metrics.STREAMS.dec()
        for room in stream.rooms:
            self._vacate(stream, room)
        stream.rooms = []
        if stream.account is not None:
            mine = self._accounts[stream.account]
            mine.remove(stream)
            if not mine:
                del self._accounts[stream.account]

    def end(self, stream: Stream, why: str) -> None:
        """End the stream on purpose, saying why."""
        stream.end(event("bye", {"why": why}))
        self.leave(stream)

    def _vacate(self, stream: Stream, room: Room) -> None:
        room.forget(stream)
        if room.empty:
            renderings = self.rooms.get(room.group, {})
            if renderings.get(room.rendering) is room:
                del renderings[room.rendering]
                metrics.ROOMS.dec()
                if not renderings:
                    del self.rooms[room.group]

    async def greet(self, stream: Stream, wanted: dict[UUID, int]) -> None:
        """Say how far each group is, replay what is ``wanted``, and go live."""
        positions = await self.call(self.backend.positions, [room.group for room in stream.rooms])
        past = {
            group: (wanted[group] + 1, last)
            for group, last in positions.items()
            if wanted.get(group, last) < last
        }
        if past:
            await self.call(self.backend.replayed, stream.cookie.decode("latin-1"), past)
        fresh = [
            room
            for room in stream.rooms
            if room.group in positions and room.absent.get(stream) == UNKNOWN
        ]
        hello = {room.group: positions[room.group] for room in fresh}
        stream.write(event("hello", {"groups": hello, "band": stream.band}))
        for room in fresh:
            last = positions[room.group]
            room.absent[stream] = min(wanted.get(room.group, last), last)
            room.begin(last)
            self.work(room)
        for room in fresh:
            await self.replay.catch_up(stream, room)

    # Hints

    def _heard(self, hint: Hint) -> None:
        """Pass on from any thread what concerns us; the rest ends here."""
        if hint.kind == "standing" or hint.group in self.rooms:
            assert self._loop is not None
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.hear, hint)

    def hear(self, hint: Hint) -> None:
        """Act on a hint."""
        if hint.kind == "standing":
            self.standing.changed(self.affected(hint), at_once=True)
            return
        assert hint.group is not None
        rooms = self.rooms.get(hint.group, {})
        if hint.kind == "read":
            mark = {"group": hint.group, "account": hint.account, "seq": hint.seq}
            message = event("read", mark)
            for room in rooms.values():
                room.mention(message)
            return
        for room in rooms.values():
            if hint.kind == "changed":
                room.changes.add(hint.seq)
            else:
                room.grown_to(hint.seq)
            self.work(room)

    def affected(self, hint: Hint) -> Collection[Stream]:
        """The streams whose standing a hint puts in question."""
        if hint.group is None and hint.account is None:
            return tuple(self.streams)
        found = dict.fromkeys(self._accounts.get(hint.account, ())) if hint.account else {}
        for room in self.rooms.get(hint.group, {}).values() if hint.group else ():
            found.update(dict.fromkeys((*room.live, *room.ahead, *room.absent)))
        return found

    async def compare(self, groups: Collection[UUID]) -> None:
        """Look whether logs have grown without our having heard."""
        try:
            positions = await self.call(self.backend.positions, groups)
        except Exception as error:
            log.warning("The logs could not be compared: %s", type(error).__name__)
            self._watch.forget()
            return
        for group, last in positions.items():
            for room in self.rooms.get(group, {}).values():
                room.grown_to(last)
                self.work(room)

    # From the log to the streams

    def work(self, room: Room) -> None:
        """See to it that what the room waits for is read and handed out, by one task."""
        if room.wants_work and not room.busy:
            room.busy = True
            self.spawn(self._work(room))

    async def _work(self, room: Room) -> None:
        try:
            while room.wants_work and not room.empty:
                if room.target > room.asked:
                    await self._read_log(room)
                else:
                    await self._read_change(room, room.changes.pop())
        except Exception as error:
            log.warning("A group could not be read: %s", type(error).__name__)
        finally:
            room.busy = False

    async def _read_log(self, room: Room) -> None:
        """Read once what nobody has got yet, and write the same bytes to everyone."""
        target, before, heard = room.target, room.seq, room.heard
        rows = await self.call(self.backend.events, room.group, room.seq, room.rendering, PAGE)
        for seq, html in rows:
            if seq > room.seq:
                message = entry_event("message", room.group, seq, html)
                self.standing.first(room.deliver(seq, message))
                await asyncio.sleep(0)
        if len(rows) < PAGE or room.seq == before:
            room.asked = max(room.seq, target)
        if room.seq > before:
            metrics.LAG.observe(time.monotonic() - heard)

    async def _read_change(self, room: Room, seq: int) -> None:
        """Show a message again; one not yet shown comes first, as it is now."""
        if seq > room.asked:
            room.target = max(room.target, seq)
            room.changes.add(seq)
            return
        try:
            html = await self.call(self.backend.event, room.group, seq, room.rendering)
        except Exception:
            room.changes.add(seq)
            raise
        if html is not None and seq <= room.seq:
            message = entry_event("changed", room.group, seq, html)
            self.standing.first(room.deliver_change(seq, message))

    def settle(self, stream: Stream, room: Room) -> bool:
        """Let the stream hear the room if it is where the others are."""
        settled = room.settle(stream)
        self.work(room)
        return settled
