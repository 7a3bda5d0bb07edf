"""Slowing down who guesses, without locking out whose account it is (A14).

Attempts are counted for an address and the place they come from. A browser in which the person has
signed in before is a place of its own; all others together are one. So a stranger, or a colleague
who knows the address, can make the unknown places wait, and the person still gets in where they
always do. The waits grow from one minute to fifteen. Nothing differs for an address nobody has.

Source: OWASP, "Slow down online guessing attacks with device cookies".
"""

from hashlib import sha256

from django.core.cache import cache

FREE = 5  # attempts before the first wait
WAITS = (60, 120, 240, 480, 900)  # seconds
REMEMBERED = 6 * 60 * 60  # seconds for which failures count


class Place:
    """Where attempts for one address come from.

    Args:
        address: what was typed, whether or not anybody has it.
        known: what tells apart the browsers in which the person has signed in; empty for others.
    """

    def __init__(self, address: str, known: str = "") -> None:
        name = sha256(f"{address.strip().lower()} {known}".encode()).hexdigest()[:32]
        self._count, self._turn = f"attempts:{name}", f"attempts:{name}:wait"

    def take_turn(self) -> bool:
        """Whether an attempt may be made now; it counts as failed until ``succeeded``.

        It is counted before it is made, so that many at once are no more than one after another.
        """
        if cache.get(self._turn):
            return False
        cache.add(self._count, 0, REMEMBERED)
        try:
            tried = cache.incr(self._count)
        except ValueError:  # forgotten this very moment
            cache.set(self._count, 1, REMEMBERED)
            tried = 1
        if tried < FREE:
            return True
        wait = WAITS[min(tried - FREE, len(WAITS) - 1)]
        return bool(cache.add(self._turn, wait, wait))

    def succeeded(self) -> None:
        """The attempt was right: it does not count, and neither do those before it here."""
        cache.delete_many([self._count, self._turn])

    def wait_minutes(self) -> int:
        """How long the wait is that is running, in minutes."""
        return int(cache.get(self._turn) or WAITS[0]) // 60
