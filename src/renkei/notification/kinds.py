"""Every kind of notification on one page: what it is for, and how it treats a person's rest.

Whoever adds one adds a line to ``KINDS`` and calls ``telling.tell`` where it happens, within the
use case that makes it happen.
"""

from dataclasses import dataclass
from typing import Final

from django.db import models


class Kind(models.TextChoices):
    """What there is to see. No notification says more than that there is something."""

    MESSAGE = "message"  # somebody wrote in a group; comes from the log alone
    UNREAD = "unread"  # an important message that the person has not read yet
    INVITATION = "invitation"  # to answer
    APPROVAL = "approval"  # of one's own people, to give
    NOTICE = "notice"  # of the operator, to confirm
    INCIDENT = "incident"  # to see to
    DISASTER = "disaster"  # disaster use was declared
    MENTION = "mention"  # a corrected message means the person, as it did not before
    TASK = "task"  # somebody gave it to the person
    REQUEST = "request"  # somebody asks for what the person decides
    CHARTER = "charter"  # how a group is used, to read and tick
    TEST = "test"  # the person wants to see how it comes


@dataclass(frozen=True, slots=True)
class Ways:
    """How a kind is told.

    Args:
        at_once: its mail does not wait for the morning or the evening.
        through: quiet hours do not hold it, whatever the person allows.
        mail: False where something else sends a mail of it already.
    """

    at_once: bool = False
    through: bool = False
    mail: bool = True


KINDS: Final[dict[str, Ways]] = {
    Kind.MESSAGE: Ways(),
    Kind.UNREAD: Ways(at_once=True),
    Kind.INVITATION: Ways(),
    Kind.APPROVAL: Ways(),
    Kind.NOTICE: Ways(),
    Kind.INCIDENT: Ways(at_once=True, through=True, mail=False),  # mailed by ``incident.notices``
    Kind.DISASTER: Ways(at_once=True, through=True),
    Kind.MENTION: Ways(),
    Kind.TASK: Ways(),
    Kind.REQUEST: Ways(),
    Kind.CHARTER: Ways(),
    Kind.TEST: Ways(at_once=True, through=True),
}
