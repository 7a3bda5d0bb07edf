"""What the key store's database has to be told: who waits for whom, and to keep no remains."""

from typing import Final

from django.db import DatabaseError, connections

from renkei.kernel.database import engine_of, has_table

_ROTATION: Final = 7_365_364  # the number of an advisory lock of PostgreSQL


class StillThere(Exception):
    """Used no more, but bytes of it may be left in the files of the key store; do it again."""


def is_made() -> bool:
    """Whether there is a key store; asking makes none."""
    return has_table("keys", "kernel_datakey")


def let_rotation_wait() -> None:
    """Until the open transaction ends, no rotation lets go of a master key it may be using."""
    _advisory("SELECT pg_advisory_xact_lock_shared(%s)")


def wait_for_makers() -> None:
    """Until the open transaction ends nobody makes a key, and those who did have ended."""
    _advisory("SELECT pg_advisory_xact_lock(%s)")


def _advisory(statement: str) -> None:
    """SQLite needs none: its transactions are IMMEDIATE, so there is one writer at a time."""
    if engine_of("keys") == "postgresql":
        with connections["keys"].cursor() as cursor:
            cursor.execute(statement, [_ROTATION])


def clean() -> None:
    """Leave nothing of what was overwritten in the files of the key store.

    Raises:
        StillThere: somebody was in the way.
    """
    store = connections["keys"]
    try:
        with store.cursor() as cursor:
            if engine_of("keys") == "postgresql":
                cursor.execute("SET lock_timeout = '20s'")
                cursor.execute("VACUUM (FULL) kernel_datakey")
                cursor.execute("RESET lock_timeout")
                return
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if cursor.fetchone()[0]:  # somebody reads from the write-ahead log
                raise StillThere
    except DatabaseError as error:
        raise StillThere from error
