"""Looks whether something is being erased, so that no process keeps any of it in memory."""

from datetime import datetime
from typing import Final

from django.db.models import Max

from renkei.communication import holding, recent
from renkei.config.watch import Watch
from renkei.disclosure.models import Erasure

LOOK_SECONDS: Final = 2.0


class ErasedWatch(Watch):
    """Looks every two seconds: an erasure may be carried out by another process (A11.7)."""

    def __init__(self) -> None:
        super().__init__("erased", "names could not be forgotten", every=LOOK_SECONDS)
        self._seen: dict[str, datetime | None] = {}

    def turn(self) -> None:
        """Forget names and messages when an erasure begins, and at its steps.

        Until the keys are gone they could be read once more. Messages that nobody asks for are
        let go of as well.
        """
        steps = Erasure.objects.aggregate(*map(Max, ("begun_at", "destroyed_at", "removed_at")))
        if steps != self._seen:
            holding.forget()
            recent.forget()
            self._seen = steps
        recent.age()
