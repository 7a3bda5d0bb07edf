"""Notices that the machine's clock was set: a line in the log and a line in the audit trail.

The order of everything is by number, so a clock that jumps loses nothing; but whoever reads times
later has to know that they jumped. What is noticed is the difference between the wall clock and one
that only ever runs forward.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from renkei.audit import trail
from renkei.config.watch import Watch
from renkei.kernel import clock
from renkei.policy.standing import HOST
from renkei.policy.use_case import Change, use_case

log = logging.getLogger("renkei.clock")

LOOK_SECONDS: Final = 1.0
LEAST_SECONDS: Final = 2.0  # smaller steps are what keeping time looks like


@use_case("clock.record", on="region")
def record_jump(change: Change, *, seconds: int, noticed: str) -> None:
    """Put on record that the clock was set.

    Args:
        seconds: how far; negative if it was set back.
        noticed: "running" or "starting".
    """
    change.entity = "system/host"
    change.detail |= {"seconds": seconds, "noticed": noticed}


def _wall() -> float:
    return clock.now().timestamp()


def _steady() -> float:
    """Seconds on a clock nobody sets; it also counts while the machine sleeps, where it can."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class ClockWatch(Watch):
    """Looks at the clock every second; first it compares with the newest line of the trail."""

    def __init__(
        self, *, wall: Callable[[], float] = _wall, steady: Callable[[], float] = _steady
    ) -> None:
        super().__init__("clock", "the clock could not be recorded", every=LOOK_SECONDS)
        self._wall, self._steady = wall, steady
        self._apart = wall() - steady()
        self._owed: list[tuple[int, str]] = []  # noticed, and not yet in the trail
        self._looked_back = False

    def turn(self) -> None:
        """Look back once, and at the clocks each time."""
        if not self._looked_back:
            self.look_back()
            self._looked_back = True
        self.look()

    def look_back(self) -> None:
        """Whether it is earlier now than when the newest line was written."""
        newest = trail.newest_at()
        if newest is not None and self._wall() - newest / 1_000_000 <= -LEAST_SECONDS:
            self._notice(self._wall() - newest / 1_000_000, "starting")

    def look(self) -> None:
        """Compare the two clocks with what they were at the last look."""
        apart = self._wall() - self._steady()
        jump, self._apart = apart - self._apart, apart
        if abs(jump) >= LEAST_SECONDS:
            self._notice(jump, "running")
        self._settle()

    def _notice(self, seconds: float, noticed: str) -> None:
        self._owed.append((round(seconds), noticed))
        facts = {"seconds": round(seconds), "noticed": noticed}
        log.warning("the clock was set", extra={"facts": facts})

    def _settle(self) -> None:
        """Write what is owed; what cannot be written now is written at the next look."""
        while self._owed:
            seconds, noticed = self._owed[0]
            record_jump(HOST, None, seconds=seconds, noticed=noticed)
            del self._owed[0]
