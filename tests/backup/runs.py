"""Runs as the host's commands record them, at the moment they say."""

from datetime import timedelta

from renkei.backup.models import BackupRun
from renkei.backup.services import record_backup
from renkei.kernel import clock
from renkei.policy.standing import HOST

NOW = timedelta(0)


def ran(kind: str, ago: timedelta = NOW, place: str = "/srv/copies", **given: object) -> BackupRun:
    """One run that began and ended so long ago."""
    with clock.shifted(-ago):
        now = clock.now()
        facts = {
            "generation": now.strftime("%Y%m%dT%H%M%SZ"),
            "bytes": 1_234_567,
            "files": 12,
            "outcome": "done",
            **given,
        }
        return record_backup(HOST, None, kind=kind, place=place, began_at=now, **facts)  # type: ignore[arg-type]


def failed(kind: str, ago: timedelta = NOW, place: str = "/srv/copies", why: str = "full") -> None:
    """One run that failed so long ago."""
    ran(kind, ago, place, outcome="failed", why=why, bytes=0, files=0, generation="")


def all_in_order() -> None:
    """Copies in two places, one off the network, the keys elsewhere, and a trial that went well."""
    oldest = clock.now() - timedelta(days=200)
    ran("content", generations=20, oldest=oldest)
    ran("content", timedelta(days=5), "/media/disk", generations=4, oldest=oldest, offline=True)
    ran("keys", place="/mnt/keys")
    ran("verify")
