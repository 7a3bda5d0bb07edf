from collections.abc import Iterator
from pathlib import Path

import pytest

from renkei.notification import letters
from renkei.notification.models import Preference, Waiting
from renkei.notification.noticing import Noticing
from renkei.people.models import Account
from tests.cast import Cast
from tests.notification.world import PushService, push_service


@pytest.fixture
def service(settings) -> Iterator[PushService]:
    settings.PUSH_LOOPBACK = True
    with push_service() as running:
        yield running


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "outbox"
    monkeypatch.setattr(letters, "outbox", lambda: folder)
    return folder


@pytest.fixture
def awake(cast: Cast, outbox: Path) -> Cast:
    """Nobody has quiet hours, whatever the time; the follower has heard all there was."""
    for account in Account.objects.all():
        Preference.objects.create(account=account, mail="at_once", quiet_from=0, quiet_until=0)
    Noticing().follow()
    Waiting.objects.all().delete()  # of the invitations of the cast
    return cast
