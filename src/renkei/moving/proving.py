"""What both servers prove: the one it leaves before, the one it reaches before it says done."""

from renkei.audit import seals, trail
from renkei.audit.trail import Break
from renkei.communication import proof as messages
from renkei.files import proof as files


def breaks() -> list[Break]:
    """What of the trail, the messages and the files is not as the trail says.

    A file that no record knows is left out: it stays behind.
    """
    found = [*trail.verify()[1], *messages.verify()[1], *files.verify()[1]]
    return [one for one in found if one.why != files.UNKNOWN]


def values_that_do_not_open() -> set[str]:
    """The places of sealed values that do not open with the keys that are here, or have none."""
    return {one.stream for one in seals.verify().breaks}
