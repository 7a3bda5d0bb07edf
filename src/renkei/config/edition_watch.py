"""Looks whether an edition of the policy has come into force, so that it is written down."""

from typing import Final

from renkei.config.watch import Watch
from renkei.enrollment.entering import enter_edition
from renkei.kernel import clock
from renkei.kernel.database import row
from renkei.policy.standing import HOST

LOOK_SECONDS: Final = 2.0


def look() -> bool:
    """Write down what has come into force; whether anything had."""
    due = row(
        "SELECT 1 FROM region_region WHERE coming IS NOT NULL AND coming_at <= %s",
        [clock.to_us(clock.now())],
    )
    return due is not None and enter_edition(HOST, None)


class EditionWatch(Watch):
    """Looks every two seconds."""

    def __init__(self) -> None:
        super().__init__("edition", "the edition could not be written down", every=LOOK_SECONDS)

    def turn(self) -> None:
        """Write down what is due."""
        look()
