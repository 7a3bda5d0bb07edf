"""Sends notifications while the server runs; makes the key for pushes at the first start."""

from typing import Final

from renkei.config.watch import Watch
from renkei.notification.push_keys import is_missing, make_push_key
from renkei.notification.sending import send_due
from renkei.policy.standing import HOST

LOOK_SECONDS: Final = 2.0


class Sending(Watch):
    """Looks every two seconds whether something is due."""

    def __init__(self, every: float = LOOK_SECONDS) -> None:
        super().__init__("sending", "notifications could not be sent", every=every)
        self._has_key = False

    def turn(self) -> None:
        """Send what is due."""
        if not self._has_key:
            if is_missing():
                make_push_key(HOST, None)
            self._has_key = True
        send_due()
