"""A passkey of which there is a copy: neither is let in, and an incident is opened (N3.11)."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from renkei.incident.models import Incident
from renkei.incident.opening import open_incident
from renkei.people.models import Account
from renkei.policy.standing import HOST
from renkei.policy.use_case import Change, use_case

ONCE: Final = timedelta(days=1)  # what is tried again while the first is looked into is no news


@use_case("passkey.guard", on="region")
def _report(change: Change, *, account: UUID) -> None:
    """Open an incident about whose passkey it is, unless one was opened within a day."""
    Account.objects.select_for_update().get(pk=account)  # of two attempts at once one is first
    change.stream = f"account:{account.hex}"
    change.about("Account", account, why="passkey_copied")
    known = Incident.objects.filter(
        account=account,
        kind=Incident.Kind.UNAUTHORIZED_ACCESS,
        way=Incident.Way.SYSTEM,
        closed_at=None,
        opened_at__gt=change.now - ONCE,
    )
    if known.exists():
        change.silent = True
        return
    open_incident(change, kind="unauthorized_access", severity="serious", account=account)


def report_copied(account: UUID) -> None:
    """Tell of a passkey whose counter did not rise: then there are two of it."""
    _report(HOST, None, account=account)
