"""What happens by itself: the look at the epoch, the heartbeat, and time running out."""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from renkei.live.stream import FREE, body

if TYPE_CHECKING:
    from renkei.live.hub import Hub

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
BEAT_SECONDS: Final = 25.0
PATIENCE_SECONDS: Final = 60.0
SHORTEST: Final = 0.02
HEARTBEAT: Final = body(b":\n\n")


class Watch:
    """One timer for all streams."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._epoch: tuple[int, int] | None = None
        self._again = False
        self._looking = False
        self._next_look = 0.0
        self._next_beat = time.monotonic() + BEAT_SECONDS

    def forget(self) -> None:
        """Compare all logs at the next look, whatever the epoch says."""
        self._again = True

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                pause = self._ask_those_whose_time_is_over()
                now = time.monotonic()
                if now >= self._next_look:
                    self._next_look = now + LOOK_SECONDS
                    self._once_a_second()
                if now >= self._next_beat:
                    self._next_beat = now + BEAT_SECONDS
                    await self._beat()
            except Exception:
                log.exception("The watch stumbled")
                pause = LOOK_SECONDS
            await asyncio.sleep(pause)

    def _ask_those_whose_time_is_over(self) -> float:
        """Hold the streams whose standing has run out; return how long to sleep."""
        now, soonest = time.time(), LOOK_SECONDS
        due = []
        for stream in self._hub.streams:
            left = stream.until - now
            if left <= 0:
                if stream.held == FREE:
                    due.append(stream)
            elif left < soonest:
                soonest = left
        self._hub.standing.hold(due, at_once=True)
        return max(soonest, SHORTEST)

    def _once_a_second(self) -> None:
        self._hub.standing.retry()
        for renderings in tuple(self._hub.rooms.values()):
            for room in renderings.values():
                self._hub.work(room)
        self._cut_the_stuck()
        if self._hub.streams and not self._looking:
            self._looking = True
            self._hub.spawn(self._look())

    def _cut_the_stuck(self) -> None:
        limit = time.monotonic() - PATIENCE_SECONDS
        for stream in tuple(self._hub.streams):
            if stream.backlog is not None and stream.backlog.since < limit:
                stream.cut()
                self._hub.leave(stream)

    async def _beat(self) -> None:
        for number, stream in enumerate(tuple(self._hub.streams)):
            stream.write(HEARTBEAT)
            if number % 100 == 99:
                await asyncio.sleep(0)

    async def _look(self) -> None:
        """Find by the epoch what no hint told."""
        try:
            epoch = await self._hub.call(self._hub.backend.epoch)
            last, self._epoch = self._epoch, epoch
            again, self._again = self._again, False
            if last is None or again or last[0] != epoch[0]:
                await self._hub.compare(tuple(self._hub.rooms))
            if last is None or last[1] != epoch[1]:
                self._hub.standing.changed(tuple(self._hub.streams))
        except Exception as error:
            log.warning("The epoch could not be read: %s", type(error).__name__)
        finally:
            self._looking = False
