"""What is kept no longer than it is of use: letters that can come back, mail nobody fetched."""

from datetime import timedelta
from typing import Final

from renkei.kernel import clock
from renkei.notification.letters import outbox
from renkei.notification.models import Letter
from renkei.policy.use_case import Change, use_case

KEPT: Final = timedelta(days=30)


@use_case("notification.tidy", on="region")
def tidy_letters(change: Change) -> None:
    """Let go of what is older than a month. No line: nothing of it was anybody's."""
    change.silent = True
    Letter.objects.filter(sent_at__lt=change.now - KEPT).delete()


def tidy_outbox() -> None:
    """Remove mail that lies in the outbox for more than a month."""
    before = (clock.now() - KEPT).timestamp()
    for path in outbox().glob("*.eml"):
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
