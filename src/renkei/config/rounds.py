"""What the server does by itself every ten minutes: tidies, marks, erases, tells again, mails."""

from contextlib import suppress
from typing import Final

from django.db import connections

from renkei.communication.asking_again import remind
from renkei.communication.asking_again import see_due as see_unread
from renkei.communication.attaching import tidy_attachments
from renkei.config.erasing import carry_out
from renkei.config.watch import Watch
from renkei.disclosure.clips import tidy_clips
from renkei.kernel.errors import Refused, Unknown
from renkei.notification.devices import forget_wiped
from renkei.notification.tidying import tidy_letters, tidy_outbox
from renkei.patient.same_person import fill_likeness
from renkei.people.reminders import see_due, take
from renkei.people.tidying import tidy_sessions
from renkei.policy.standing import HOST
from renkei.web import mail, own_mail

EVERY_SECONDS: Final = 600.0


def make_round() -> None:
    """One round. Several servers of one database may make theirs at once: each mail goes once."""
    tidy_sessions(HOST, None)
    tidy_attachments(HOST, None)
    while tidy_clips(HOST, None):
        pass
    tidy_letters(HOST, None)
    tidy_outbox()
    forget_wiped(HOST, None)
    carry_out()
    while fill_likeness(HOST, None):
        pass
    for unread in see_unread(HOST, None):
        with suppress(Unknown, Refused):  # its group was closed or erased meanwhile
            remind(HOST, unread.group, due=unread)
    if mail.is_set_up():  # what could not be sent anyway is not taken as told
        for one in see_due(HOST, None):
            if take(HOST, None, reminder=one):
                own_mail.remind(one)


class Rounds(Watch):
    """Makes its rounds; the first comes after the first ten minutes."""

    def __init__(self, every: float = EVERY_SECONDS) -> None:
        super().__init__("rounds", "a round could not be made", every=every, at_once=False)

    def turn(self) -> None:
        """One round; no connection is held for ten minutes until the next."""
        try:
            make_round()
        finally:
            connections.close_all()
