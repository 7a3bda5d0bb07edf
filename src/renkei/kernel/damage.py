"""What stands where a stored value does not open: a sentence, never its bytes.

One damaged value must not take a page down on which others stand. Where a value is shown among
others it is opened in ``try … except DAMAGE``; where a whole page is about it, or it would be
written over, the error goes on and becomes a page of its own. So does ``Erased`` of a group's key:
all that was said there is gone together.
"""

import logging
from datetime import datetime, timedelta
from threading import Lock
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from renkei.kernel import clock, vault
from renkei.kernel.errors import Erased, Tampered

log = logging.getLogger("renkei.damage")

DAMAGE: Final = (Tampered, Erased)
AGAIN: Final = timedelta(minutes=1)  # the same place within it is one line of the log
_MOST: Final = 1_000  # places remembered

_told: dict[str, datetime] = {}
_lock = Lock()


def sentence(found: Tampered | Erased) -> str:
    """What is said in the place of the value, in the person's language; it goes to the log once."""
    if isinstance(found, Erased):
        return _("This was erased for good.")
    tell(found)
    return _(
        "This cannot be shown: it is not what was stored. Please tell your administrator or the"
        " operator. Everything else here can be read as before."
    )


def readable(key_id: UUID, sealed: bytes, *, about: str) -> str:
    """What somebody wrote, sealed as JSON; a sentence in its place where it does not open."""
    try:
        return str(vault.unseal_json(key_id, sealed, about=about))
    except DAMAGE as found:
        return sentence(found)


def word(found: Tampered | Erased) -> str:
    """The same in one word, where a name stands."""
    if isinstance(found, Erased):
        return _("Erased")
    tell(found)
    return _("Unreadable")


def tell(found: Tampered) -> None:
    """Let the log say once a minute that a value does not open, by the ids of its place alone."""
    place, now = str(found), clock.now()
    with _lock:
        if len(_told) >= _MOST:
            _told.clear()
        if place in _told and abs(now - _told[place]) < AGAIN:
            return
        _told[place] = now
    log.critical("tampered", extra={"facts": {"place": place}})
