"""Keeping one place from crowding out the others: how many at once, and whose turn it is.

A place is an IPv4 address or an IPv6 network of 64 bits, which is what one line usually gets.
Everything here runs on one event loop.
"""

import asyncio
from collections import Counter, deque
from functools import lru_cache
from ipaddress import IPv6Address, ip_address


@lru_cache(maxsize=4096)
def place_of(address: str) -> str:
    """The place an address belongs to; what is no address is a place of its own."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
    return str(found)


class Crowd:
    """How many are inside from each place."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside: Counter[str] = Counter()

    def enter(self, place: str) -> bool:
        """Let one more in from there, unless too many are."""
        if self._inside[place] >= self._most:
            return False
        self._inside[place] += 1
        return True

    def leave(self, place: str) -> None:
        """One from there has gone."""
        self._inside[place] -= 1
        if self._inside[place] <= 0:
            del self._inside[place]


class Turns:
    """At most so many at a time from one place; the rest of them wait in line."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def take(self, place: str) -> None:
        """Wait for a turn."""
        if self._running[place] < self._most:
            self._running[place] += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(place, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(place)
            raise

    def give(self, place: str) -> None:
        """End a turn: it goes to the next in line."""
        line = self._waiting.get(place)
        while line:
            turn = line.popleft()
            if not line:
                del self._waiting[place]
            if not turn.done():
                turn.set_result(None)
                return
        self._running[place] -= 1
        if self._running[place] <= 0:
            del self._running[place]


class Lane:
    """At most so many at a time, and from each place one after another."""

    def __init__(self, most: int) -> None:
        self._of_all = Turns(most)
        self._of_one = Turns(1)

    async def take(self, place: str) -> None:
        """Wait among those from the same place, and its first one among all places."""
        await self._of_one.take(place)
        try:
            await self._of_all.take("")
        except BaseException:
            self._of_one.give(place)
            raise

    def give(self, place: str) -> None:
        """End a turn."""
        self._of_all.give("")
        self._of_one.give(place)
