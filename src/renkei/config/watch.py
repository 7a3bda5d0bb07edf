"""What the server does again and again, in a thread of its own."""

import logging
from threading import Event, Thread
from typing import Self

from django.db import connections


class Watch:
    """Takes a turn every few seconds until the block ends; one that fails does not end it.

    Args:
        name: of the thread, and in the log.
        failed: what the log says of a turn that failed.
        every: seconds between two turns.
        at_once: whether the first turn comes before the first wait.
    """

    def __init__(self, name: str, failed: str, *, every: float, at_once: bool = True) -> None:
        self._log = logging.getLogger(f"renkei.{name}")
        self._failed, self._every, self._at_once = failed, every, at_once
        self._over = Event()
        self._bell = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def turn(self) -> None:
        """What is done each time; may fail."""
        raise NotImplementedError

    @property
    def running(self) -> bool:
        """Whether the thread is at work."""
        return self._thread.is_alive()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def wake(self) -> None:
        """Let the next turn come now; from any thread."""
        self._bell.set()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.wake()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        wait = not self._at_once
        while not self._over.is_set():
            if wait:
                self._bell.wait(self._every)
                if self._over.is_set():
                    break
                self._bell.clear()
            wait = True
            try:
                self.turn()
            except Exception as error:  # the next turn comes
                self._log.error(self._failed, exc_info=error)
                connections.close_all()
        connections.close_all()
