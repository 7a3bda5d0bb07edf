"""How old the newest copies are, for the host, who watches over all of the installation."""

from datetime import timedelta

from renkei.backup.models import Kind
from renkei.backup.selectors import newest
from renkei.kernel import clock
from renkei.kernel.database import id_of, row


def ages() -> dict[str, timedelta]:
    """The age of the newest good copy, of content and of keys, and of the last trial, by kind.

    What was never done is left out.
    """
    region = row("SELECT id FROM region_region ORDER BY id LIMIT 1", [])
    if region is None:
        return {}
    now = clock.now()
    found = newest(id_of(region[0]), now)
    moments = {Kind.CONTENT: found.content, Kind.KEYS: found.keys, Kind.VERIFY: found.verify}
    return {kind.value: now - at for kind, at in moments.items() if at is not None}
