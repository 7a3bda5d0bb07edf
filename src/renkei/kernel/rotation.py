"""Putting every data key under a new master key, while everything else goes on.

The order makes every moment safe to die in: the new master key is durable before the first data
key is wrapped with it, and the old one is let go only when, with nobody making a key, no data key
needs it. Whatever broke off is finished by running it again.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import connections, transaction
from django.db.models import QuerySet

from renkei.kernel import clock, custody, keystore, master
from renkei.kernel.entity import uuid7
from renkei.kernel.master import LAST, NEXT, MasterKeys, Source, fingerprint
from renkei.kernel.models import DataKey

_BATCH = 100  # keys wrapped anew in one transaction: others wait for some milliseconds
HEARD = 3.0  # seconds after which every server in custody has taken the new key


class Busy(Exception):
    """Another rotation is running."""


def rotate() -> int:
    """Wrap every data key with a new master key; returns how many were wrapped anew.

    With the key file of the data folder, a new key is made and the old one removed once nothing
    needs it. Where the key is given from outside, the host puts the new one before the old one,
    starts the servers again so that they know both, and runs this; afterwards the old one can be
    taken out.

    Raises:
        Busy: another rotation is running.
        MasterKeyMissing: the master key is not here, or with custodians.
        Tampered: a key is damaged. What was wrapped anew stays so, and the old master key stays.
        StillThere: all is done, but old wrappings may be left in the files.
    """
    with _alone():
        own = master.source()[0] is Source.DATA_FOLDER
        master.masters()
        if own:
            master.write([os.urandom(32), *master.read()])
        count = _wrap_all_anew(lambda: master.write(master.read()[:1]) if own else None)
        master.masters_now()
        keystore.clean()
        return count


def rotate_in_custody(old: bytes, new: bytes, sheets: custody.SheetSet) -> int:
    """The same with a key that custodians hold; ``sheets`` of the new one are made already.

    Until all is done each of the two lies in the key store under the other: servers that have the
    old one in memory take the new one over, and two sheets of either set open everything.
    The errors of ``rotate``.
    """
    with _alone():
        custody.write_note([*custody.note()[:1], sheets])
        with transaction.atomic(using="keys"):
            _handed_over().delete()
            _put_under(old, NEXT, new)
            _put_under(new, LAST, old)
        master.bring([new, old])
        return _finish_in_custody()


def finish_in_custody() -> int | None:
    """Finish a rotation in custody that broke off; None if none did. The errors of ``rotate``."""
    with _alone():
        return _finish_in_custody() if _handed_over().exists() else None


def _finish_in_custody() -> int:
    count = _wrap_all_anew(lambda: None)
    time.sleep(HEARD)
    count += _wrap_all_anew(lambda: custody.keep_only(master.masters().current))
    _handed_over().delete()
    keystore.clean()
    return count


def _handed_over() -> QuerySet[DataKey]:
    return DataKey.objects.filter(purpose__in=[NEXT, LAST])


def _put_under(upper: bytes, purpose: str, key: bytes) -> None:
    key_id = uuid7()
    DataKey.objects.create(
        id=key_id,
        purpose=purpose,
        wrapped=MasterKeys([upper]).wrap(key_id, key, role=purpose.encode()),
        master=fingerprint(upper),
        made_at=clock.now(),
    )


def _wrap_all_anew(end: Callable[[], None]) -> int:
    """Wrap in small steps; ``end`` runs when no key is left and nobody can be making one."""
    held, count = master.masters_now(), 0
    stale = DataKey.objects.filter(wrapped__isnull=False).exclude(master=held.current)
    stale = stale.exclude(purpose__in=[NEXT, LAST]).order_by("pk")
    while True:
        with transaction.atomic(using="keys"):
            some = list(stale.select_for_update()[:_BATCH])
            _wrap_anew(held, some)
        count += len(some)
        if not some:
            with transaction.atomic(using="keys"):
                keystore.wait_for_makers()
                if not stale.exists():
                    end()
                    return count


def _wrap_anew(held: MasterKeys, keys: Sequence[DataKey]) -> None:
    store = connections["keys"]
    id_in_store = DataKey._meta.pk.get_db_prep_value
    rows = [
        (
            held.wrap(key.id, held.unwrap(key.id, key.wrapped, key.master)),
            held.current,
            id_in_store(key.id, store),
        )
        for key in keys
    ]
    with store.cursor() as cursor:
        cursor.executemany("UPDATE kernel_datakey SET wrapped=%s, master=%s WHERE id=%s", rows)


@contextmanager
def _alone() -> Iterator[None]:
    """One rotation at a time."""
    folder = os.open(settings.DATA, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Busy from None
    finally:
        os.close(folder)
